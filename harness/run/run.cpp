#include "run/run.hpp"

#include "run/phases.hpp"
#include "run/run_folder.hpp"

namespace withstand::run {

RunOutcome run_experiment(const ExperimentFile& file, const core::Catalog& catalog, const RunOptions& options,
                          Interrupts& interrupts) {
  const RunFolder folder(options.output, file);
  Phases phases(file, catalog, options, interrupts, folder);
  RunOutcome outcome;
  outcome.directory = folder.path();
  outcome.end = phases.execute();
  interrupts.forget_stop();
  return outcome;
}

}  // namespace withstand::run
