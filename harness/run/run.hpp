#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "core/fault.hpp"
#include "record/journal.hpp"
#include "run/experiment_file.hpp"
#include "run/interrupts.hpp"

namespace withstand::run {

struct LiveState {
  std::int64_t now = 0;    ///< ns since the run's epoch
  std::int64_t total = 0;  ///< planned length
  double ops_per_second = 0;
  std::uint64_t errors = 0;
  std::int64_t p99 = 0;
  bool loaded = false;
  std::string check;                     ///< which check is judging the history; empty: none
  std::uint64_t checked_operations = 0;  ///< of how many operations
};

struct RunOptions {
  std::uint64_t seed = 0;
  std::string output = "runs";
  bool keep = false;                      ///< keep the nodes' data
  bool control = false;                   ///< no faults: the same run as a baseline
  std::optional<spec::Duration> timeout;  ///< abort a run that takes longer
  std::string command;                    ///< how to run it again, for the reports
  std::function<void(const record::JournalEntry&)> on_event;
  std::function<void(const LiveState&)> on_tick;  ///< a few times a second
};

struct RunOutcome {
  record::RunEnded end;
  std::string directory;
};

/// One experiment from its file to its verdict. A failing target is a verdict; a failing harness is the verdict
/// "error", never an exception, once the run directory exists. Single-threaded; the process must have no other threads.
RunOutcome run_experiment(const ExperimentFile& file, const core::Catalog& catalog, const RunOptions& options,
                          Interrupts& interrupts);

}  // namespace withstand::run
