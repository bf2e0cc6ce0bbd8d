#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "record/exit_code.hpp"
#include "report/console.hpp"
#include "report/facts.hpp"
#include "report/pen.hpp"

namespace withstand::report {
namespace {

using Ink = Pen::Ink;

Ink ink_of_run(const record::RunRecord& run) {
  switch (standing(run)) {
    case Standing::good:
      return Ink::good;
    case Standing::bad:
      return Ink::bad;
    case Standing::doubt:
      return Ink::doubt;
    case Standing::skipped:
      break;
  }
  return Ink::dim;
}

/// "14 runs: 11 withstood, 1 failed as expected, 2 failed".
std::string totals(const std::vector<record::RunRecord>& runs) {
  std::map<std::string, std::uint64_t> count;
  std::uint64_t dirty = 0;
  for (const record::RunRecord& run : runs) {
    const bool planted = run.end.as_expected && run.end.verdict == "failed";
    const bool surprising = !run.end.as_expected && run.end.verdict == "withstood";
    ++count[planted ? "failed as expected" : surprising ? "withstood against expectation" : run.end.verdict];
    if (!run.end.rollback_ok) ++dirty;
  }
  std::vector<std::string> parts;
  for (const char* word : {"withstood", "failed as expected", "withstood against expectation", "failed", "inconclusive",
                           "error", "aborted", "skipped"}) {
    const auto found = count.find(word);
    if (found == count.end()) continue;
    parts.push_back(fmt::format("{} {}", found->second, word));
    count.erase(found);
  }
  for (const auto& [word, number] : count) parts.push_back(fmt::format("{} {}", number, word));
  if (dirty > 0) parts.push_back(counted(dirty, "failed rollback"));
  return counted(runs.size(), "run") + (parts.empty() ? "" : ": " + join(parts, ", "));
}

}  // namespace

std::string summary(const std::vector<record::RunRecord>& runs, int exit_code, const Style& style) {
  const Pen pen(style);
  const std::vector<std::string> names = unique_names(runs);
  Table table({"", "experiment", "seed", "time", "verdict"}, {false, false, true, true, false});
  table.one_line_each();
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const record::RunRecord& run = runs[i];
    const Ink ink = ink_of_run(run);
    const int room = std::max(20, pen.width() / 3);
    std::string words = headline(run);
    if (standing(run) != Standing::good && !run.end.reason.empty()) words += ": " + run.end.reason;
    table.add({pen.mark(ink), pen.cut(names[i], room), std::to_string(run.start.seed), pen.clean(human_time(run.ended)),
               pen.clean(words)});
  }
  const record::ExitCode code = record::to_exit_code(exit_code);
  std::string out = table.empty() ? "" : table.print(pen, 0) + "\n";
  out += pen.hang("", totals(runs), Ink::bold);
  return out + pen.hang("", fmt::format("exit code {}: {}", exit_code, record::words(code)), Ink::dim);
}

}  // namespace withstand::report
