#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/session.hpp"
#include "record/run_record.hpp"

namespace CLI {
class App;
}

namespace withstand::cli {

/// Where results go besides the console. Shared by run, replay and report.
struct ReportOptions {
  bool json = false;
  bool junit_strict = false;
  std::string junit, markdown, html, prometheus;
  void add_options(CLI::App& command);
  /// Tries whether each file can be written; throws UsageError naming the option, the path and the reason.
  void require_writable() const;
};

/// The record of the run in this directory. Throws UsageError when there is none.
record::RunRecord read_run_directory(const std::string& directory);
/// The same of a run that is over, for commands that build on how it began. Throws UsageError, too, when its journal
/// does not say: without the beginning there is no experiment, no seed.
record::RunRecord read_earlier_run(const std::string& directory);
/// What the options ask for, after all runs: stdout gets the JSON object, or nothing; files are written; GitHub is
/// told. One that fails is told on stderr and does not keep the others from being written. Returns the exit status,
/// which such a failure turns into the harness's error at least.
int publish(const std::vector<record::RunRecord>& runs, int exit_code, const ReportOptions& options);
/// The person's report on stdout.
void print_console(const record::RunRecord& run, const Session& session);

}  // namespace withstand::cli
