#include "cli/reporting.hpp"

#include <filesystem>
#include <functional>
#include <iostream>
#include <random>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <system_error>

#include "record/exit_code.hpp"
#include "report/console.hpp"
#include "report/files.hpp"
#include "report/github.hpp"
#include "report/html.hpp"
#include "report/json.hpp"
#include "report/junit.hpp"
#include "report/markdown.hpp"
#include "report/prometheus.hpp"
#include "report/run_directory.hpp"

namespace withstand::cli {

void ReportOptions::add_options(CLI::App& command) {
  command.add_flag("--json", json, "Print one JSON object on stdout instead of text");
  command.add_option("--junit", junit, "Write JUnit XML to this file");
  command.add_flag("--junit-strict", junit_strict, "JUnit XML as junit-10.xsd has it, without file and line");
  command.add_option("--markdown", markdown, "Write a Markdown report to this file");
  command.add_option("--html", html, "Write an HTML report to this file; of several runs, a page with links to theirs");
  command.add_option("--prometheus", prometheus, "Write Prometheus text to this file, for the textfile collector");
}

void ReportOptions::require_writable() const {
  for (const auto& [option, path] : {std::pair("--junit", &junit), std::pair("--markdown", &markdown),
                                     std::pair("--html", &html), std::pair("--prometheus", &prometheus)}) {
    if (path->empty()) continue;
    // A mistyped path would leave folders that nobody wanted.
    const auto folder = std::filesystem::path(*path).parent_path();
    std::error_code status;
    if (!folder.empty() && std::filesystem::status(folder, status).type() == std::filesystem::file_type::not_found &&
        status != std::errc::not_a_directory)
      throw UsageError(
          fmt::format("{} '{}' cannot be written: there is no folder '{}'", option, *path, folder.string()));
    try {
      report::try_file(*path);
    } catch (const std::system_error& error) {
      throw UsageError(fmt::format("{} '{}' cannot be written: {}", option, *path, error.code().message()));
    }
  }
}

record::RunRecord read_run_directory(const std::string& directory) {
  try {
    return report::load_run(directory);
  } catch (const std::system_error& error) {
    throw UsageError(fmt::format("'{}' is no run directory: {}", directory, error.what()));
  }
}

record::RunRecord read_earlier_run(const std::string& directory) {
  auto run = read_run_directory(directory);
  if (!run.start.run.empty() && !run.start.file.empty()) return run;
  const std::string path = directory + "/journal.jsonl";
  if (run.ended == 0 && run.unread_lines == 0)
    throw UsageError(fmt::format("the journal '{}' is empty: it does not say how the run began", path));
  throw UsageError(fmt::format(
      "the journal '{}' is damaged: the line that says how the run began (experiment, seed) is missing or unreadable; "
      "lines that cannot be read: {}",
      path, run.unread_lines));
}

int publish(const std::vector<record::RunRecord>& runs, int exit_code, const ReportOptions& options) {
  const auto attempt = [&](bool wanted, const std::function<void()>& write) {
    try {
      if (wanted) write();
    } catch (const std::exception& error) {
      std::cerr << "withstand: " << error.what() << '\n';
      const std::vector codes{record::to_exit_code(exit_code), record::ExitCode::harness_error};
      exit_code = static_cast<int>(record::combine(codes));
    }
  };
  report::JunitOptions junit;
  junit.strict = options.junit_strict;
  attempt(!options.junit.empty(), [&] { report::write_file(options.junit, report::junit_report(runs, junit)); });
  attempt(!options.markdown.empty(), [&] { report::write_file(options.markdown, report::markdown_report(runs)); });
  attempt(!options.html.empty(), [&] {
    const auto folder = std::filesystem::path(options.html).parent_path();
    const std::string from = folder.empty() ? "." : folder.string();
    report::write_file(options.html, runs.size() == 1 ? report::html_report(runs.front(), from)
                                                      : report::html_index(runs, exit_code, from));
  });
  attempt(!options.prometheus.empty(),
          [&] { report::write_file(options.prometheus, report::prometheus_report(runs)); });
  const auto github = report::github_context(environment, std::filesystem::current_path().string());
  attempt(true, [&] { report::append_step_summary(runs, github); });
  if (options.json) std::cout << report::json_report(runs, exit_code) << std::flush;
  if (!options.json) std::cout << report::github_annotations(runs, github) << std::flush;
  return exit_code;
}

void print_console(const record::RunRecord& run, const Session& session) {
  const auto github = report::github_context(environment, std::filesystem::current_path().string());
  std::random_device device;
  const std::string token = fmt::format("withstand-{:08x}{:08x}", device(), device());
  std::cout << report::without_commands(report::console(run, session.style_for(STDOUT_FILENO)), token, github)
            << std::flush;
}

}  // namespace withstand::cli
