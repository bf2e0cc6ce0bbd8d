#include "report/junit.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "report/cases.hpp"
#include "report/facts.hpp"
#include "report/files.hpp"
#include "report/text.hpp"
#include "report/xml.hpp"

namespace withstand::report {
namespace {

using Result = Case::Result;

/// Three decimals whatever the locale says: fmt never asks it.
std::string seconds(std::int64_t nanoseconds) {
  return fmt::format("{:.3f}", static_cast<double>(std::max<std::int64_t>(nanoseconds, 0)) / 1e9);
}

std::size_t count(const std::vector<Case>& cases, Result result) {
  return static_cast<std::size_t>(
      std::count_if(cases.begin(), cases.end(), [&](const Case& one) { return one.result == result; }));
}

std::string body(const Case& one, const record::RunRecord& run) {
  std::string out = one.message + "\n";
  for (const std::string& detail : one.details) out += detail + "\n";
  if (!run.start.command.empty()) out += "Run again: " + run.start.command + "\n";
  if (!run.directory.empty()) out += "Results: " + run.directory + "\n";
  return out;
}

/// GitLab takes the first [[ATTACHMENT|path]] of a failed case.
std::string attachment(const record::RunRecord& run) {
  if (run.directory.empty() || run.directory.find("]]") != std::string::npos) return "";
  return "<system-out>" + xml_text("[[ATTACHMENT|" + run.directory + "/report.md]]") + "</system-out>";
}

std::string content(const Case& one, const record::RunRecord& run) {
  const auto element = [&](const char* name) {
    return fmt::format("<{}{}>{}</{}>", name, xml_attributes({{"type", one.type}, {"message", one.message}}),
                       xml_text(body(one, run)), name);
  };
  switch (one.result) {
    case Result::failure:
      return element("failure") + attachment(run);
    case Result::error:
      return element("error") + attachment(run);
    case Result::skipped:
      return "<skipped" + xml_attributes({{"message", one.message}}) + "/>";
    case Result::passed:
      break;
  }
  return one.message.empty() ? "" : "<system-out>" + xml_text(one.message + "\n") + "</system-out>";
}

std::string test_case(const Case& one, const record::RunRecord& run, const std::string& suite, bool strict) {
  std::vector<std::pair<const char*, std::string>> attributes{
      {"classname", suite}, {"name", one.name}, {"time", seconds(one.name == "verdict" ? run.ended : 0)}};
  if (!strict && !run.start.file.empty()) {
    attributes.emplace_back("file", run.start.file);
    attributes.emplace_back("line", std::to_string(std::max(one.line, 1)));
  }
  const std::string inside = content(one, run);
  const std::string tag = "    <testcase" + xml_attributes(attributes);
  return inside.empty() ? tag + "/>\n" : tag + ">" + inside + "</testcase>\n";
}

std::string properties(const record::RunRecord& run) {
  const record::RunStarted& start = run.start;
  std::vector<std::pair<std::string, std::string>> all{{"seed", std::to_string(start.seed)},
                                                       {"version", start.version},
                                                       {"target", start.target},
                                                       {"kernel", start.kernel},
                                                       {"title", start.title},
                                                       {"file", start.file},
                                                       {"run", start.run},
                                                       {"verdict", headline(run)},
                                                       {"command", start.command}};
  for (const auto& [program, version] : start.versions) all.emplace_back("version." + program, version);
  std::string out = "    <properties>\n";
  for (const auto& [name, value] : all) {
    out += "      <property" + xml_attributes({{"name", name}, {"value", value}}) + "/>\n";
  }
  return out + "    </properties>\n";
}

bool plain_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

std::string logs(const record::RunRecord& run, std::size_t limit) {
  if (run.directory.empty() || standing(run) == Standing::good) return "";
  std::string out;
  for (const std::string& node : run.start.nodes) {
    if (!plain_name(node)) continue;
    for (const char* file : {"stdout.log", "stderr.log"}) {
      const std::string text = last_lines(run.directory + "/nodes/" + node + "/" + file, limit);
      if (!text.empty()) out += fmt::format("--- {} {}\n{}{}", node, file, text, text.back() == '\n' ? "" : "\n");
    }
  }
  return out.empty() ? "" : "    <system-out>" + xml_text(out) + "</system-out>\n";
}

std::string suite(const record::RunRecord& run, const std::string& name, const std::vector<Case>& cases,
                  const JunitOptions& options) {
  std::vector<std::pair<const char*, std::string>> attributes{
      {"name", name},
      {"tests", std::to_string(cases.size())},
      {"failures", std::to_string(count(cases, Result::failure))},
      {"errors", std::to_string(count(cases, Result::error))},
      {"skipped", std::to_string(count(cases, Result::skipped))},
      {"time", seconds(run.ended)}};
  if (run.start.wall_time.size() >= 19) attributes.emplace_back("timestamp", run.start.wall_time.substr(0, 19));
  if (!run.start.host.empty()) attributes.emplace_back("hostname", run.start.host);
  if (!run.start.file.empty()) attributes.emplace_back("file", run.start.file);
  std::string out = "  <testsuite" + xml_attributes(attributes) + ">\n" + properties(run);
  for (const Case& one : cases) out += test_case(one, run, name, options.strict);
  return out + logs(run, options.log_bytes) + "  </testsuite>\n";
}

}  // namespace

std::string junit_report(const std::vector<record::RunRecord>& runs, const JunitOptions& options) {
  const std::vector<std::string> names = unique_names(runs);
  std::size_t tests = 0, failures = 0, errors = 0;
  std::int64_t time = 0;
  std::string suites;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const std::vector<Case> cases = cases_of(runs[i]);
    tests += cases.size();
    failures += count(cases, Result::failure);
    errors += count(cases, Result::error);
    time += runs[i].ended;
    suites += suite(runs[i], names[i], cases, options);
  }
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites" +
         xml_attributes({{"name", "withstand"},
                         {"tests", std::to_string(tests)},
                         {"failures", std::to_string(failures)},
                         {"errors", std::to_string(errors)},
                         {"time", seconds(time)}}) +
         ">\n" + suites + "</testsuites>\n";
}

}  // namespace withstand::report
