#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "report/facts.hpp"
#include "report/html/markup.hpp"
#include "report/html/sections.hpp"
#include "report/text.hpp"

namespace withstand::report::html {
namespace {

std::string failures(std::uint64_t number) {
  return number == 0 ? "<span class=\"quiet\">0</span>" : "<b class=\"bad\">" + grouped(number) + "</b>";
}

struct ProbeFigures {
  std::uint64_t ok = 0, all = 0;
  std::vector<std::int64_t> took;
  std::string last_failure;
};

std::int64_t share(const std::vector<std::int64_t>& sorted, double part) {
  return sorted[std::min(sorted.size() - 1, static_cast<std::size_t>(part * static_cast<double>(sorted.size())))];
}

}  // namespace

std::string latency_section(const record::RunRecord& run) {
  Table table("Latency of operations per phase and kind", {{"Phase", ""},
                                                           {"Operation", ""},
                                                           {"Operations", "number"},
                                                           {"Failed", "number"},
                                                           {"Unknown", "number"},
                                                           {"Dropped", "number"},
                                                           {"p50", "number"},
                                                           {"p90", "number"},
                                                           {"p99", "number"},
                                                           {"p99.9", "number"},
                                                           {"Max", "number"},
                                                           {"Service p99", "number quiet"}});
  for (const record::LatencySummary& one : run.latencies) {
    std::vector<std::string> cells{text(one.phase),    one.op.empty() ? "all" : text(one.op),
                                   grouped(one.count), failures(one.fail),
                                   failures(one.info), failures(one.dropped)};
    for (const std::int64_t time : {one.p50, one.p90, one.p99, one.p999, one.max, one.service_p99}) {
      cells.push_back(one.count == 0 ? "–" : measured_time(time));
    }
    table.add(cells, one.op.empty() ? "total" : "");
  }
  if (table.empty()) return "";
  return section("latency", "Latency",
                 table.html() +
                     "<p class=\"note\">Response times count from when an operation was due, so that a stalled system "
                     "is not measured by fewer operations. One that failed, was dropped or has no known outcome counts "
                     "with its timeout at least. Service time counts from when it was sent. Unknown: it may have "
                     "happened or not.</p>\n");
}

std::string probes_section(const record::RunRecord& run) {
  std::map<std::pair<std::string, std::string>, ProbeFigures> rows;
  for (const auto& entry : run.probes) {
    const record::ProbeSample& sample = entry.second;
    ProbeFigures& one = rows[{sample.probe, sample.node}];
    ++one.all;
    one.ok += sample.ok ? 1 : 0;
    one.took.push_back(sample.took);
    if (!sample.ok) one.last_failure = sample.detail;
  }
  Table table("Probes", {{"Probe", ""},
                         {"Node", ""},
                         {"Succeeded", "number"},
                         {"Of", "number"},
                         {"Share", "number"},
                         {"p50", "number"},
                         {"Max", "number"},
                         {"Last failure", "wide quiet"}});
  for (auto& [key, one] : rows) {
    std::sort(one.took.begin(), one.took.end());
    table.add({text(key.first), text(key.second), grouped(one.ok), grouped(one.all), percent(one.ok, one.all),
               measured_time(share(one.took, 0.5)), measured_time(one.took.back()), text(one.last_failure)});
  }
  return section("probes", "Probes", table.html());
}

std::string nodes_section(const record::RunRecord& run) {
  Table table("What happened to nodes", {{"At", "number"}, {"Node", ""}, {"What", ""}, {"How", "wide"}});
  for (const auto& [t, event] : notable_node_events(run)) {
    const bool unasked = event.what == "exited" && event.detail.find("nobody asked") != std::string::npos;
    table.add({text(phase_time(run, t)), code(event.node), text(event.what),
               unasked ? "<b class=\"bad\">" + text(event.detail) + "</b>" : text(event.detail)});
  }
  return section("nodes", "Node events", table.html());
}

std::string notes_section(const record::RunRecord& run) {
  Table table("Notes", {{"", "mark"}, {"What", ""}, {"Said", "wide"}});
  for (const record::MediumHealth& one : run.media) {
    table.add({mark(one.promise_kept ? "good" : "doubt", one.promise_kept ? "kept its promise" : "broke its promise"),
               text(one.medium), text((one.promise_kept ? "" : "broke its promise: ") + one.detail)});
  }
  if (run.capture) {
    const std::string lacks = run.capture->why.empty() ? "" : "; " + run.capture->why;
    table.add({mark(lacks.empty() ? "good" : "doubt", ""), "capture",
               code(run.capture->file) + ": " + text(capture_size(*run.capture) + lacks)});
  }
  for (const auto& [t, note] : run.notes) {
    const std::string_view standing = note.level == "error" ? "bad" : note.level == "warning" ? "doubt" : "none";
    table.add({mark(standing, ""), text(note.level), text(note.text)});
  }
  if (run.unread_lines > 0) {
    table.add({mark("doubt", ""), "journal", counted(run.unread_lines, "line") + " could not be read"});
  }
  return section("notes", "The harness itself", table.html());
}

}  // namespace withstand::report::html
