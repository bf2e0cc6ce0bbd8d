#include "cli/reporting.hpp"

#include <filesystem>
#include <iostream>
#include <random>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "report/console.hpp"
#include "report/files.hpp"
#include "report/github.hpp"
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
  command.add_option("--prometheus", prometheus, "Write Prometheus text to this file, for the textfile collector");
}

record::RunRecord read_run_directory(const std::string& directory) {
  try {
    return report::load_run(directory);
  } catch (const std::system_error& error) {
    throw UsageError(fmt::format("'{}' is no run directory: {}", directory, error.what()));
  }
}

void publish(const std::vector<record::RunRecord>& runs, int exit_code, const ReportOptions& options) {
  if (options.json) std::cout << report::json_report(runs, exit_code) << std::flush;
  report::JunitOptions junit;
  junit.strict = options.junit_strict;
  if (!options.junit.empty()) report::write_file(options.junit, report::junit_report(runs, junit));
  if (!options.markdown.empty()) report::write_file(options.markdown, report::markdown_report(runs));
  if (!options.prometheus.empty()) report::write_file(options.prometheus, report::prometheus_report(runs));
  const auto github = report::github_context(environment, std::filesystem::current_path().string());
  if (!options.json) std::cout << report::github_annotations(runs, github) << std::flush;
  report::append_step_summary(runs, github);
}

void print_console(const record::RunRecord& run, const Session& session) {
  const auto github = report::github_context(environment, std::filesystem::current_path().string());
  std::random_device device;
  const std::string token = fmt::format("withstand-{:08x}{:08x}", device(), device());
  std::cout << report::without_commands(report::console(run, session.style_for(STDOUT_FILENO)), token, github)
            << std::flush;
}

}  // namespace withstand::cli
