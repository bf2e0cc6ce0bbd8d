#include "report/markdown.hpp"

#include <algorithm>

#include <fmt/core.h>

#include "report/facts.hpp"
#include "report/text.hpp"

namespace withstand::report {
namespace {

constexpr std::size_t most_rows = 200;

const char* sign(Standing standing) {
  switch (standing) {
    case Standing::good:
      return "✅";
    case Standing::bad:
      return "❌";
    case Standing::doubt:
      return "⚠️";
    case Standing::skipped:
      break;
  }
  return "⏭️";
}

const char* sign(const std::string& outcome) {
  if (outcome == "held" || outcome == "agrees") return "✅";
  if (outcome == "failed" || outcome == "absent" || outcome == "mismatch") return "❌";
  return outcome == "inconclusive" ? "⚠️" : "·";
}

/// Rows under a heading; nothing at all without rows.
class Rows {
 public:
  Rows(const std::string& heading, const std::vector<std::string>& header) {
    const std::vector<std::string> rule(header.size(), "---");
    text_ = fmt::format("**{}**\n\n| {} |\n| {} |\n", heading, join(header, " | "), join(rule, " | "));
  }
  void add(const std::vector<std::string>& cells) {
    if (++count_ <= most_rows) text_ += "| " + join(cells, " | ") + " |\n";
  }
  [[nodiscard]] std::string text() const {
    if (count_ == 0) return "";
    if (count_ <= most_rows) return text_ + "\n";
    return text_ + fmt::format("\n…and {} in `journal.jsonl`.\n\n", counted(count_ - most_rows, "more row"));
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

std::string head(const record::RunRecord& run, const std::string& name) {
  const record::RunStarted& start = run.start;
  std::string out = fmt::format("### {} {}: {}\n\n", sign(standing(run)), markdown_text(headline(run)),
                                markdown_text(start.title.empty() ? name : start.title));
  if (!run.end.reason.empty()) out += markdown_text(run.end.reason) + "\n\n";
  for (const std::string& reason : further_reasons(run)) out += "- " + markdown_text(reason) + "\n";
  if (!further_reasons(run).empty()) out += "\n";
  out += fmt::format("{} · target {} · seed {} · {}\n\n", markdown_code(start.file), markdown_code(start.target),
                     start.seed, human_time(run.ended));
  return start.command.empty() ? out : out + markdown_block({start.command}, "sh") + "\n";
}

std::string faults(const record::RunRecord& run) {
  Rows rows("Faults", {"", "fault", "kind", "on", "from", "to", "effect"});
  for (const record::InjectionRecord& one : run.injections) {
    const Effect proof = effect(one);
    const auto time = [&](std::int64_t t) { return t < 0 ? std::string() : fault_time(run, t); };
    rows.add({proof.proven   ? "✅"
              : proof.needed ? "❌"
                             : "·",
              markdown_code(one.fault), markdown_code(one.kind), markdown_text(join(one.on, ", ")), time(one.injected),
              one.state == "ended" ? markdown_text(one.detail) : time(one.reverted), markdown_text(proof.words)});
  }
  return rows.text();
}

std::string evidence(const record::RunRecord& run) {
  Rows rows("Evidence", {"", "fault", "what", "asked", "measured", "seen by"});
  for (const record::InjectionRecord& one : run.injections) {
    for (const record::EvidenceEvent& row : one.evidence) {
      rows.add({sign(row.judgement), markdown_code(one.fault), markdown_text(row.what), markdown_text(row.requested),
                markdown_text(row.measured), markdown_text(row.source)});
    }
  }
  return rows.text();
}

std::string expectations(const record::RunRecord& run) {
  Rows rows("Expectations", {"", "phase", "expectation", "measured", ""});
  for (const record::ExpectationResult& one : run.expectations) {
    std::string words = one.detail;
    if (expected_to_fail(run, name_of(one))) words += words.empty() ? "expected to fail" : " (expected to fail)";
    rows.add({sign(one.outcome), markdown_text(one.phase), markdown_code(one.text), markdown_text(one.measured),
              markdown_text(words)});
  }
  return rows.text();
}

std::string checks(const record::RunRecord& run) {
  std::string out;
  for (const record::CheckResult& one : run.checks) {
    out += fmt::format("{} {} {}{}\n\n", sign(one.outcome), markdown_code(one.check),
                       markdown_text(one.summary.empty() ? one.outcome : one.summary),
                       expected_to_fail(run, one.check) ? " (expected to fail)" : "");
    const auto end = one.explanation.begin() + static_cast<long>(std::min(one.explanation.size(), most_rows));
    if (!one.explanation.empty()) out += markdown_block({one.explanation.begin(), end}, "text") + "\n";
  }
  return out.empty() ? "" : "**Checks**\n\n" + out;
}

std::string latency(const record::RunRecord& run) {
  Rows rows("Latency", {"phase", "op", "ops", "failed", "unknown", "dropped", "p50", "p90", "p99", "p99.9", "max"});
  for (const record::LatencySummary& one : run.latencies) {
    rows.add({markdown_text(one.phase), one.op.empty() ? "all" : markdown_text(one.op), grouped(one.count),
              grouped(one.fail), grouped(one.info), grouped(one.dropped), measured_time(one.p50),
              measured_time(one.p90), measured_time(one.p99), measured_time(one.p999), measured_time(one.max)});
  }
  return rows.text();
}

std::string events(const record::RunRecord& run) {
  Rows rows("Nodes", {"at", "node", "what", ""});
  for (const auto& [t, event] : notable_node_events(run)) {
    rows.add({markdown_text(phase_time(run, t)), markdown_code(event.node), markdown_text(event.what),
              markdown_text(event.detail)});
  }
  return rows.text();
}

std::string notes(const record::RunRecord& run) {
  Rows rows("Notes", {"", ""});
  for (const record::MediumHealth& one : run.media) {
    if (!one.promise_kept) rows.add({"medium", markdown_text(one.medium + " broke its promise: " + one.detail)});
  }
  if (run.capture) {
    const std::string lacks = run.capture->why.empty() ? "" : "; " + run.capture->why;
    rows.add({"capture", fmt::format("{}: {}{}", markdown_code(run.capture->file), capture_size(*run.capture),
                                     markdown_text(lacks))});
  }
  for (const auto& [t, note] : run.notes) {
    if (note.level != "info") rows.add({markdown_text(note.level), markdown_text(note.text)});
  }
  return rows.text();
}

std::string overview(const std::vector<record::RunRecord>& runs, const std::vector<std::string>& names) {
  if (runs.size() < 2) return "";
  Rows rows("Runs", {"", "experiment", "seed", "time", "verdict"});
  for (std::size_t i = 0; i < runs.size(); ++i) {
    rows.add({sign(standing(runs[i])), markdown_code(names[i]), std::to_string(runs[i].start.seed),
              human_time(runs[i].ended), markdown_text(headline(runs[i]))});
  }
  return rows.text();
}

}  // namespace

std::string markdown_report(const std::vector<record::RunRecord>& runs, std::size_t limit) {
  const std::vector<std::string> names = unique_names(runs);
  std::vector<std::size_t> order(runs.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto good = [&](std::size_t i) { return standing(runs[i]) == Standing::good; };
  std::stable_partition(order.begin(), order.end(), [&](std::size_t i) { return !good(i); });

  std::string out = overview(runs, names);
  std::size_t left_out = 0;
  const std::size_t room = limit > 200 ? limit - 200 : 0;  // for the sentence at the end
  const auto add = [&](const std::string& section) {
    if (out.size() + section.size() > room) {
      ++left_out;
    } else {
      out += section;
    }
  };
  for (const std::size_t i : order) {
    add(head(runs[i], names[i]));
    for (const auto section : {faults, expectations, checks, latency, events, notes, evidence}) add(section(runs[i]));
  }
  if (left_out > 0) out += fmt::format("_{} left out: the report would be too long._\n", counted(left_out, "section"));
  return out;
}

}  // namespace withstand::report
