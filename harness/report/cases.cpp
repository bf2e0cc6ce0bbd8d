#include "report/cases.hpp"

#include <map>
#include <utility>

#include "report/facts.hpp"

namespace withstand::report {
namespace {

using Result = Case::Result;

/// Turns what was judged into a result, seen from what the file expects. A run that is as expected allows every failure
/// in it (`fails` and `may_fail`).
void judge(Case& out, const record::RunRecord& run, const std::string& name, const std::string& outcome,
           const std::string& failure_type) {
  const bool named = expected_to_fail(run, name);
  if (outcome == "failed" && (named || run.end.as_expected)) {
    out.message = "failed, as its file expects: " + out.message;
  } else if (outcome == "failed") {
    out.result = Result::failure;
    out.type = failure_type;
  } else if (outcome == "held" && named) {
    out.result = Result::failure;
    out.type = "HeldUnexpectedly";
    out.message = "held, but its file expects it to fail";
  } else if (outcome == "held") {
    out.message.clear();
    out.details.clear();
  } else {
    out.result = Result::error;
    out.type = "Inconclusive";
  }
}

Case of(const record::RunRecord& run, const record::ExpectationResult& one) {
  Case out;
  out.name = name_of(one);
  out.line = one.line;
  out.message = out.name + (one.measured.empty() ? ": " + one.outcome : ": measured " + one.measured);
  if (!one.detail.empty()) out.details.push_back(one.detail);
  judge(out, run, out.name, one.outcome, "ExpectationFailed");
  return out;
}

Case of(const record::RunRecord& run, const record::CheckResult& one) {
  Case out;
  out.name = "check: " + one.check;
  out.line = one.line;
  out.message = one.check + ": " + (one.summary.empty() ? one.outcome : one.summary);
  out.details = one.explanation;
  judge(out, run, one.check, one.outcome, "CheckFailed");
  return out;
}

Case of(const record::RunRecord& run, const record::InjectionRecord& one) {
  const Effect proof = effect(one);
  Case out;
  out.name = "fault: " + one.fault;
  out.line = one.line;
  if (proof.proven) return out;
  out.message = one.fault + " (" + one.kind + "): " + proof.words;
  if (!proof.needed) return out;
  const std::string& verdict = run.end.verdict;
  const bool cut_short = verdict == "aborted" || verdict == "error" || verdict == "skipped";
  out.result = cut_short && !one.judged ? Result::skipped : Result::error;
  out.type = "NoEvidence";
  for (const record::EvidenceEvent& row : one.evidence) {
    out.details.push_back(row.what + ": asked " + row.requested + ", measured " + row.measured + " (" + row.source +
                          "): " + row.judgement);
  }
  return out;
}

Case rollback(const record::RunRecord& run) {
  Case out;
  out.name = "rollback";
  if (!run.end.rollback_ok) {
    out.result = Result::error;
    out.type = "RollbackFailed";
    out.message = "the rollback failed, the host may be dirty: run `withstand recover`";
  } else if (!run.complete) {
    out.result = Result::error;
    out.type = "RollbackUnknown";
    out.message = "the run did not end: whether everything was undone is not known; `withstand recover` says";
  }
  return out;
}

Case verdict(const record::RunRecord& run) {
  Case out;
  out.name = "verdict";
  out.message = headline(run) + (run.end.reason.empty() ? "" : ": " + run.end.reason);
  out.details = further_reasons(run);
  switch (standing(run)) {
    case Standing::good:
      return out;
    case Standing::skipped:
      out.result = Result::skipped;
      break;
    default:
      out.result = run.end.verdict == "failed" || run.end.verdict == "withstood" ? Result::failure : Result::error;
  }
  static const std::map<std::string, std::string> types{{"failed", "Failed"},
                                                        {"withstood", "HeldUnexpectedly"},
                                                        {"skipped", "Skipped"},
                                                        {"aborted", "Aborted"},
                                                        {"inconclusive", "Inconclusive"}};
  const auto type = types.find(run.end.verdict);
  out.type = type != types.end() ? type->second : "HarnessError";
  return out;
}

}  // namespace

std::vector<Case> cases_of(const record::RunRecord& run) {
  std::vector<Case> out;
  for (const auto& one : run.expectations) out.push_back(of(run, one));
  for (const auto& one : run.checks) out.push_back(of(run, one));
  for (const auto& one : run.injections) out.push_back(of(run, one));
  out.push_back(rollback(run));
  out.push_back(verdict(run));
  std::map<std::string, int> seen;  // readers take a name that comes twice for a retry
  for (Case& one : out) {
    const int count = ++seen[one.name];
    if (count > 1) one.name += "#" + std::to_string(count);
  }
  return out;
}

}  // namespace withstand::report
