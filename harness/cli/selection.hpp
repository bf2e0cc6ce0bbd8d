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
  std::string shard;              ///< --shard 2/4

  void add_options(CLI::App& command);
  /// Reads and checks all of them; throws UsageError with every problem of every file. Empty when the flags left
  /// nothing.
  [[nodiscard]] std::vector<run::ExperimentFile> load(const core::Catalog& catalog) const;
  /// The same of those that are good; what is wrong with the others is added to `problems`.
  [[nodiscard]] std::vector<run::ExperimentFile> load_good(const core::Catalog& catalog, std::string& problems) const;
};

}  // namespace withstand::cli
