#include <algorithm>

#include <fmt/core.h>

#include "report/console_parts.hpp"
#include "report/facts.hpp"

namespace withstand::report {
namespace {

using Ink = Pen::Ink;

constexpr std::size_t most_on = 4;    ///< nodes or links named before "and n more"
constexpr std::size_t most_rows = 8;  ///< of evidence, per fault
constexpr int widest_subject = 28;    ///< columns for what a row of evidence is about

std::string whom(const record::InjectionRecord& one) {
  std::vector<std::string> named(one.on.begin(), one.on.begin() + static_cast<long>(std::min(one.on.size(), most_on)));
  std::string out = join(named, ", ");
  if (one.on.size() > most_on) out += fmt::format(" and {} more", one.on.size() - most_on);
  return out;
}

/// "at during+6.012s for 15s, 0.4ms late".
std::string when(const record::RunRecord& run, const record::InjectionRecord& one) {
  if (one.injected < 0) return one.due > 0 ? "due at " + fault_time(run, one.due) : "";
  std::string out = "at " + fault_time(run, one.injected);
  if (one.state == "ended") out += ", " + one.detail;
  if (one.reverted >= one.injected) out += " for " + human_time(one.reverted - one.injected);
  if (one.due > 0 && one.injected >= one.due) out += fmt::format(", {} late", human_time(one.injected - one.due));
  return out;
}

Ink ink_of_effect(const Effect& effect) {
  if (effect.proven) return Ink::good;
  return effect.needed ? Ink::bad : Ink::dim;
}

/// Requested above measured, so that the eye compares them.
std::string row(const record::EvidenceEvent& evidence, const Pen& pen, int subject_width) {
  const std::string indent(6, ' ');
  const std::string lead = indent + pen.mark(ink_of(evidence.judgement)) + " ";
  const std::string blank = pad("", columns(lead) + subject_width + 2);
  const std::string subject = pad(pen.cut(evidence.what, subject_width), subject_width) + "  ";
  std::string saw = evidence.measured;
  if (!evidence.source.empty()) saw += " (" + evidence.source + ")";
  if (evidence.judgement == "absent" || evidence.judgement == "mismatch") saw += ": " + evidence.judgement;
  if (evidence.requested.empty()) return pen.hang(lead + subject + pen.dim("measured "), saw);
  return pen.hang(lead + subject + pen.dim("asked    "), evidence.requested) +
         pen.hang(blank + pen.dim("measured "), saw);
}

/// A fault on many nodes has a row for each: those that do not agree come first, and then some of the others.
std::vector<const record::EvidenceEvent*> worth_showing(const std::vector<record::EvidenceEvent>& evidence) {
  std::vector<const record::EvidenceEvent*> rows;
  for (const auto& one : evidence) rows.push_back(&one);
  if (rows.size() <= most_rows) return rows;
  std::stable_partition(rows.begin(), rows.end(),
                        [](const auto* one) { return one->judgement == "absent" || one->judgement == "mismatch"; });
  rows.resize(most_rows);
  return rows;
}

std::string one_fault(const record::RunRecord& run, const record::InjectionRecord& one, const Pen& pen, int name_width,
                      int kind_width) {
  const Effect proof = effect(one);
  std::string out = "  " + pen.mark(ink_of_effect(proof)) + " " +
                    pen.paint(Ink::name, pad(pen.cut(one.fault, name_width), name_width)) + "  " +
                    pad(pen.cut(one.kind, kind_width), kind_width) + "  ";
  out = pen.hang(out, join({whom(one), when(run, one)}, one.on.empty() ? "" : "  "));
  if (!proof.proven) out += pen.hang("      ", proof.words, ink_of_effect(proof));
  const auto rows = worth_showing(one.evidence);
  int subject_width = 0;
  for (const auto* evidence : rows) {
    subject_width = std::min(std::max(subject_width, columns(pen.clean(evidence->what))), widest_subject);
  }
  for (const auto* evidence : rows) out += row(*evidence, pen, subject_width);
  if (rows.size() < one.evidence.size()) {
    out += fmt::format("      and {} in report.json\n", counted(one.evidence.size() - rows.size(), "more row"));
  }
  return out;
}

}  // namespace

std::string console_faults(const record::RunRecord& run, const Pen& pen) {
  if (run.injections.empty()) return "";
  int name_width = 0, kind_width = 0;
  for (const auto& one : run.injections) {
    name_width = std::min(std::max(name_width, columns(pen.clean(one.fault))), 24);
    kind_width = std::min(std::max(kind_width, columns(pen.clean(one.kind))), 24);
  }
  std::string out = "\n" + pen.bold("Faults") + pen.dim(" at PHASE + time since it began") + "\n";
  for (const auto& one : run.injections) out += one_fault(run, one, pen, name_width, kind_width);
  return out;
}

}  // namespace withstand::report
