#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/reporting.hpp"
#include "cli/session.hpp"
#include "run/experiment_file.hpp"
#include "spec/units.hpp"

namespace withstand::cli {

struct RunFlags {
  std::optional<std::uint64_t> seed;
  std::uint64_t repeat = 1;
  std::string output = "runs";
  std::optional<spec::Duration> timeout;
  bool control = false;
  bool keep = false;
  bool require = false;
  bool quiet = false;
  ReportOptions reports;
  std::string earlier;  ///< a run directory that is replayed; empty: an experiment's file is run
};

/// Runs each experiment as often as asked, reports each, and returns the exit status of them all.
/// Throws UsageError unless the folder for run directories can be written; before a user namespace makes anybody root.
void require_output(const RunFlags& flags);

int run_many(const std::vector<run::ExperimentFile>& files, const core::Catalog& catalog, const RunFlags& flags,
             const Session& session);

}  // namespace withstand::cli
