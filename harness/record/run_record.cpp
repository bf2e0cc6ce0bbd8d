#include "record/run_record.hpp"

#include <algorithm>
#include <istream>
#include <variant>

#include "record/exit_code.hpp"

namespace withstand::record {
namespace {

/// A fault that is injected again and again has one record per injection: the one waiting for this instant, else the
/// first that waits; none: nullptr.
InjectionRecord* waiting(RunRecord& run, const InjectionEvent& event) {
  InjectionRecord* found = nullptr;
  for (InjectionRecord& one : run.injections) {
    if (one.fault != event.fault || one.state != "scheduled") continue;
    if (one.due == event.due) return &one;
    if (found == nullptr) found = &one;
  }
  return found;
}

/// The latest injection of a fault: the last one that was injected, else the last one that was planned.
InjectionRecord& latest(RunRecord& run, const std::string& fault) {
  InjectionRecord* found = nullptr;
  for (InjectionRecord& one : run.injections) {
    if (one.fault != fault) continue;
    if (found == nullptr || one.injected >= found->injected) found = &one;
  }
  if (found != nullptr) return *found;
  InjectionRecord& added = run.injections.emplace_back();
  added.fault = fault;
  return added;
}

InjectionRecord& record_of(RunRecord& run, const InjectionEvent& event) {
  if (event.what == "scheduled") return run.injections.emplace_back();
  if (event.what == "reverted" || event.what == "ended") return latest(run, event.fault);
  if (InjectionRecord* one = waiting(run, event)) return *one;
  return event.what == "injected" ? run.injections.emplace_back() : latest(run, event.fault);
}

class Fold {
 public:
  Fold(RunRecord& run, std::int64_t t) : run_(run), t_(t) {}

  void operator()(const RunStarted& event) { run_.start = event; }
  void operator()(const PhaseStarted& event) { run_.phases.push_back({event.phase, t_, t_}); }
  void operator()(const NodeEvent& event) { run_.node_events.emplace_back(t_, event); }
  void operator()(const LoadSecond& event) { run_.seconds.push_back(event); }
  void operator()(const LatencySummary& event) {
    (event.second < 0 ? run_.latencies : run_.latencies_by_second).push_back(event);
  }
  void operator()(const ProbeSample& event) { run_.probes.emplace_back(t_, event); }
  void operator()(const ExpectationResult& event) { run_.expectations.push_back(event); }
  void operator()(const CheckResult& event) { run_.checks.push_back(event); }
  void operator()(const MediumHealth& event) { run_.media.push_back(event); }
  void operator()(const CaptureEnded& event) { run_.capture = event; }
  void operator()(const Note& event) { run_.notes.emplace_back(t_, event); }

  void operator()(const InjectionEvent& event) {
    InjectionRecord& one = record_of(run_, event);
    one.fault = event.fault;
    one.state = event.what;
    if (!event.kind.empty()) one.kind = event.kind;
    if (!event.on.empty()) one.on = event.on;
    if (!event.detail.empty()) one.detail = event.detail;
    if (event.line > 0) one.line = event.line;
    if (event.what != "reverted" && event.what != "ended") one.due = event.due;
    if (event.what == "injected") one.injected = t_;
    if (event.what == "reverted") one.reverted = t_;
  }

  void operator()(const EvidenceEvent& event) {
    std::vector<EvidenceEvent>& rows = latest(run_, event.fault).evidence;
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const auto& row) { return row.what == event.what; });
    if (same == rows.end()) {
      rows.push_back(event);
    } else {
      *same = event;
    }
  }

  void operator()(const EvidenceVerdict& event) {
    InjectionRecord& one = latest(run_, event.fault);
    if (one.kind.empty()) one.kind = event.kind;
    one.took_effect = event.took_effect;
    one.evidence_required = event.required;
    one.objection = event.objection;
    one.judged = true;
  }

  void operator()(const RunEnded& event) {
    run_.end = event;
    run_.complete = true;
  }

 private:
  RunRecord& run_;
  std::int64_t t_;
};

}  // namespace

void apply(RunRecord& run, const JournalEntry& entry) {
  run.ended = std::max(run.ended, entry.t);
  if (!run.phases.empty()) run.phases.back().to = std::max(run.phases.back().to, entry.t);
  std::visit(Fold(run, entry.t), entry.event);
}

RunRecord read_run(std::istream& journal) {
  RunRecord run;
  std::string line;
  JournalEntry entry;
  while (std::getline(journal, line)) {
    if (line.empty()) continue;
    if (from_line(line, entry)) {
      apply(run, entry);
    } else {
      ++run.unread_lines;
    }
  }
  if (!run.complete) {
    run.end.verdict = "error";
    run.end.reason = "the run did not end: its journal stops without a verdict";
    run.end.reasons = {run.end.reason};
    run.end.exit_code = static_cast<int>(ExitCode::harness_error);
  }
  return run;
}

}  // namespace withstand::record
