#pragma once

#include <string>
#include <vector>

#include "core/fault.hpp"
#include "run/experiment_file.hpp"

namespace CLI {
class App;
}

namespace withstand::cli {

/// Which experiments a command means: paths, and the flags that narrow them. Shared by run, list and plan.
struct ExperimentSelection {
  std::vector<std::string> paths;
  std::string filter;             ///< --filter: glob on the path; a leading '-' leaves out
  std::vector<std::string> tags;  ///< --tag a,!b
  std::string shard;              ///< --shard 2/4: dealt in turn over what the other flags leave

  void add_options(CLI::App& command);
  struct Selected {
    std::vector<run::ExperimentFile> files;
    std::string problems;          ///< of this shard's files that are not good, which are left out
    bool others_have_all = false;  ///< the flags left something, and all of it went to other shards
  };
  /// Reads and checks all of them; throws UsageError with every problem of every file.
  [[nodiscard]] Selected load(const core::Catalog& catalog) const;
  /// The same without throwing for files that are not good.
  [[nodiscard]] Selected load_good(const core::Catalog& catalog) const;
};

/// Says on stderr that there is nothing to do, and gives the exit status: 5, or 0 when other shards have it all.
int tell_nothing_selected(const ExperimentSelection& selection, const ExperimentSelection::Selected& selected);

}  // namespace withstand::cli
