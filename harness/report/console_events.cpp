#include <algorithm>

#include <fmt/core.h>

#include "report/console_parts.hpp"
#include "report/facts.hpp"

namespace withstand::report {
namespace {

constexpr std::size_t most_events = 20;

}  // namespace

std::string console_probes(const record::RunRecord& run, const Pen& pen) {
  Table table({"", "", ""});
  for (const ProbeTotal& one : probe_totals(run)) {
    std::string words = fmt::format("{} of {} ok", grouped(one.ok), grouped(one.all));
    if (!one.last_failure.empty()) words += "; last failure: " + one.last_failure;
    table.add({pen.cut(one.probe, 24), percent(one.ok, one.all), pen.clean(words)});
  }
  return table.empty() ? "" : "\n" + pen.bold("Probes") + "\n" + table.print(pen, 2);
}

std::string console_nodes(const record::RunRecord& run, const Pen& pen) {
  const auto events = notable_node_events(run);
  if (events.empty()) return "";
  Table table({"", "", "", ""}, {true, false, false, false});
  for (std::size_t i = 0; i < std::min(events.size(), most_events); ++i) {
    const auto& [t, event] = events[i];
    table.add(
        {pen.cut(phase_time(run, t), 17), pen.cut(event.node, 20), pen.cut(event.what, 12), pen.clean(event.detail)});
  }
  std::string out = "\n" + pen.bold("Nodes") + "\n" + table.print(pen, 2);
  if (events.size() > most_events) {
    out += fmt::format("  and {} in journal.jsonl\n", counted(events.size() - most_events, "more event"));
  }
  return out;
}

std::string console_notes(const record::RunRecord& run, const Pen& pen) {
  std::string out;
  const auto add = [&](Pen::Ink ink, const std::string& word, const std::string& text) {
    out += pen.hang("  " + pen.paint(ink, pen.cut(word, 12)) + "  ", text);
  };
  for (const record::MediumHealth& one : run.media) {
    if (!one.promise_kept) add(Pen::Ink::doubt, "medium", one.medium + " broke its promise: " + one.detail);
  }
  if (run.capture && !run.capture->why.empty()) add(Pen::Ink::doubt, "capture", run.capture->why);
  for (const auto& [t, note] : run.notes) {
    if (note.level != "info") add(note.level == "error" ? Pen::Ink::bad : Pen::Ink::doubt, note.level, note.text);
  }
  if (run.unread_lines > 0) {
    add(Pen::Ink::doubt, "journal", counted(run.unread_lines, "line") + " could not be read");
  }
  return out.empty() ? "" : "\n" + pen.bold("Notes") + "\n" + out;
}

}  // namespace withstand::report
