#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "cli/reporting.hpp"
#include "cli/session.hpp"
#include "record/exit_code.hpp"
#include "report/run_directory.hpp"

namespace withstand::cli {

namespace {

struct ReportArguments {
  std::vector<std::string> runs;
  ReportOptions options;
};

int report_again(const ReportArguments& arguments, Session& session) {
  std::vector<record::RunRecord> runs;
  std::vector<record::ExitCode> codes;
  arguments.options.require_writable();
  for (const auto& directory : arguments.runs) {
    runs.push_back(read_earlier_run(directory));
    codes.push_back(record::to_exit_code(runs.back().end.exit_code));
  }
  for (const auto& run : runs) {
    try {
      report::write_reports(run);
    } catch (const std::exception& error) {  // an archive may be read-only, and the rest is still to be told
      std::cerr << fmt::format("withstand: the reports in {} are not made again: {}\n", run.directory, error.what());
    }
  }
  if (!arguments.options.json)
    for (const auto& run : runs) print_console(run, session);
  const int told = static_cast<int>(record::combine(codes));
  int status = publish(runs, told, arguments.options) == told ? 0 : static_cast<int>(record::ExitCode::harness_error);
  for (const auto& run : runs) {
    if (run.complete) continue;
    std::cerr << fmt::format("withstand: run {} did not end: its journal has no verdict\n", run.directory);
    status = static_cast<int>(record::ExitCode::harness_error);
  }
  return status;
}

}  // namespace

void add_report(CLI::App& app, Session& session) {
  auto* command = app.add_subcommand(
      "report",
      "Make the reports of earlier runs again, from their directories alone (status 3 when one has no verdict)");
  auto arguments = std::make_shared<ReportArguments>();
  command->add_option("runs", arguments->runs, "Run directories")->required();
  arguments->options.add_options(*command);
  command->callback(
      [arguments, &session] { session.action = [arguments, &session] { return report_again(*arguments, session); }; });
}

}  // namespace withstand::cli
