#include <algorithm>

#include <fmt/core.h>

#include "report/console_parts.hpp"
#include "report/facts.hpp"

namespace withstand::report {
namespace {

using Ink = Pen::Ink;

constexpr std::size_t most_lines = 24;  ///< of a check's explanation

std::string expected_words(const record::RunRecord& run, const std::string& name, const std::string& outcome) {
  if (!expected_to_fail(run, name)) return "";
  return outcome == "failed" ? "as its file expects" : "its file expects this to fail";
}

}  // namespace

std::string console_expectations(const record::RunRecord& run, const Pen& pen) {
  if (run.expectations.empty()) return "";
  Table table({"", "", "", ""});
  std::string phase;
  for (const record::ExpectationResult& one : run.expectations) {
    const std::string label = pen.mark(ink_of(one.outcome)) + " " + pen.cut(one.text, 40);
    std::vector<std::string> words;
    if (one.outcome != "held" && one.outcome != "failed") words.push_back(one.outcome);
    if (!one.detail.empty()) words.push_back(one.detail);
    const std::string expected = expected_words(run, name_of(one), one.outcome);
    if (!expected.empty()) words.push_back(expected);
    table.add({one.phase == phase ? "" : pen.cut(one.phase, 12), label, pen.cut(one.measured, 32),
               pen.clean(join(words, "; "))});
    phase = one.phase;
  }
  return "\n" + pen.bold("Expectations") + "\n" + table.print(pen, 2);
}

std::string console_checks(const record::RunRecord& run, const Pen& pen) {
  if (run.checks.empty()) return "";
  std::string out = "\n" + pen.bold("Checks") + "\n";
  int name_width = 0;
  for (const auto& one : run.checks) name_width = std::min(std::max(name_width, columns(pen.clean(one.check))), 32);
  for (const record::CheckResult& one : run.checks) {
    const std::string expected = expected_words(run, one.check, one.outcome);
    const std::string summary = one.summary.empty() ? one.outcome : one.summary;
    const std::string name = pad(pen.cut(one.check, name_width), name_width);
    out += pen.hang(fmt::format("  {} {}  ", pen.mark(ink_of(one.outcome)), name),
                    expected.empty() ? summary : fmt::format("{} ({})", summary, expected));
    for (std::size_t i = 0; i < std::min(one.explanation.size(), most_lines); ++i) {
      out += pen.hang("      ", one.explanation[i], Ink::dim);
    }
    if (one.explanation.size() > most_lines) {
      out += fmt::format("      and {} in report.json\n", counted(one.explanation.size() - most_lines, "more line"));
    }
  }
  return out;
}

std::string console_latency(const record::RunRecord& run, const Pen& pen) {
  if (run.latencies.empty()) return "";
  bool failed = false, unknown = false, dropped = false;
  for (const auto& one : run.latencies) {
    failed |= one.fail > 0;
    unknown |= one.info > 0;
    dropped |= one.dropped > 0;
  }
  std::vector<std::string> header{"phase", "op", "ops"};
  if (failed) header.emplace_back("failed");
  if (unknown) header.emplace_back("unknown");
  if (dropped) header.emplace_back("dropped");
  for (const char* name : {"p50", "p90", "p99", "p99.9", "max"}) header.emplace_back(name);
  std::vector<bool> right(header.size(), true);
  right[0] = right[1] = false;
  Table table(header, right);
  std::string phase;
  for (const record::LatencySummary& one : run.latencies) {
    std::vector<std::string> cells{one.phase == phase ? "" : pen.cut(one.phase, 12),
                                   one.op.empty() ? "all" : pen.cut(one.op, 12), grouped(one.count)};
    const auto count = [&](std::uint64_t number) {
      cells.push_back(number == 0 ? pen.dim("0") : pen.paint(Ink::bad, grouped(number)));
    };
    if (failed) count(one.fail);
    if (unknown) count(one.info);
    if (dropped) count(one.dropped);
    for (const std::int64_t time : {one.p50, one.p90, one.p99, one.p999, one.max}) {
      cells.push_back(one.count == 0 ? "-" : pen.clean(measured_time(time)));
    }
    table.add(std::move(cells));
    phase = one.phase;
  }
  return "\n" + pen.bold("Latency") + pen.dim(" of operations, from when each was due") + "\n" + table.print(pen, 2);
}

}  // namespace withstand::report
