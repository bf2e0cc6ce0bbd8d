#include "check/verdict.hpp"

#include <algorithm>
#include <csignal>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "check/judgement.hpp"
#include "record/exit_code.hpp"
#include "spec/signals.hpp"

namespace withstand::check {

namespace {

using record::ExitCode;

bool is(const std::string& outcome, Judgement judgement) { return outcome == to_text(judgement); }

/// Names are compared without their spaces: "after: errors==0%" in a file means "after: errors == 0%".
std::string squeezed(const std::string& name) {
  std::string out;
  std::copy_if(name.begin(), name.end(), std::back_inserter(out), [](char c) { return c != ' ' && c != '\t'; });
  return out;
}

std::set<std::string> squeezed(const std::vector<std::string>& names) {
  std::set<std::string> out;
  for (const std::string& name : names) out.insert(squeezed(name));
  return out;
}

std::string expectation_name(const record::ExpectationResult& result) { return result.phase + ": " + result.text; }

/// What to do about other programs.
constexpr const char* quieter = ": repeat on a quieter machine";

std::string with_detail(std::string text, const std::string& detail) {
  return detail.empty() ? text : fmt::format("{} ({})", text, detail);
}

bool missed_before(const record::ExpectationResult& result) {
  return result.phase == "before" && !is(result.outcome, Judgement::held);
}

/// What makes missed figures our own doing rather than the target's, in a few words; the verdict tells it whole.
std::string general_excuse(const VerdictInput& found) {
  for (const record::MediumHealth& medium : found.media)
    if (!medium.promise_kept) return medium.medium + " did not keep its promise";
  if (found.host_out_of_memory) return "the host ran out of memory";
  const auto& results = found.expectations;
  return std::any_of(results.begin(), results.end(), missed_before) ? "the steady state was missed" : "";
}

/// What kept the nodes from the processors when the figure came about: what recovers in `after` began in `during`.
std::string crowd_of(const std::string& phase, const VerdictInput& found) {
  auto crowd = found.crowd.find(phase);
  if (crowd == found.crowd.end() && phase == "after") crowd = found.crowd.find("during");
  return crowd == found.crowd.end() ? "" : crowd->second + quieter;
}

/// Sorts what was found out by what it says of the target.
class Findings {
 public:
  explicit Findings(const VerdictInput& input) : input_(input) {
    judge_surroundings();
    if (input.nothing_expected)
      doubts_.emplace_back(
          "the experiment expects nothing of the target once its faults begin: no expectation of during or after "
          "and no check, so nothing could have failed");
    for (const record::CheckResult& check : input.checks) judge_check(check);
    for (const record::ExpectationResult& result : input.expectations) judge_expectation(result);
    judge_evidence();
  }

  /// Failures that no circumstance excuses: checks and exits.
  [[nodiscard]] bool unsafe() const { return unsafe_; }
  [[nodiscard]] bool failed() const { return !failures_.empty(); }
  [[nodiscard]] bool inconclusive() const { return !doubts_.empty(); }
  /// Whether it can have been the faults: the target was well before them, and they took effect.
  [[nodiscard]] bool faults_can_be_it() const { return steady_ && evidence_stands_; }
  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }
  [[nodiscard]] const std::vector<std::string>& doubts() const { return doubts_; }
  [[nodiscard]] const std::set<std::string>& failed_names() const { return failed_names_; }
  [[nodiscard]] const std::set<std::string>& undecided_names() const { return undecided_names_; }

 private:
  /// What makes a missed figure our own doing rather than the target's.
  void judge_surroundings() {
    for (const record::MediumHealth& medium : input_.media) {
      if (medium.promise_kept) continue;
      doubts_.push_back(with_detail(fmt::format("{} did not keep its promise", medium.medium), medium.detail));
    }
    if (input_.host_out_of_memory) doubts_.push_back("the host ran out of memory: " + *input_.host_out_of_memory);
    for (const record::ExpectationResult& result : input_.expectations) {
      if (!missed_before(result)) continue;
      steady_ = false;
      doubts_.push_back(
          with_detail(fmt::format("the steady state was not reached before the first fault: {}, measured {}",
                                  result.text, result.measured),
                      result.detail));
      if (result.beyond_excuse) continue;
      if (const auto crowd = input_.crowd.find("before"); crowd != input_.crowd.end())
        doubts_.push_back("in before, " + crowd->second + quieter);
    }
  }

  void judge_check(const record::CheckResult& check) {
    if (is(check.outcome, Judgement::held)) return;
    std::string text = fmt::format("{}: {}", check.check, check.summary);
    if (is(check.outcome, Judgement::failed)) {
      unsafe_ = true;
      fail(check.check, std::move(text));
    } else {
      undecided_names_.insert(squeezed(check.check));
      doubts_.push_back(std::move(text));
    }
  }

  void judge_expectation(const record::ExpectationResult& original) {
    const auto result = excused(original, input_);
    if (result.phase == "before" || is(result.outcome, Judgement::held)) return;
    const std::string name = expectation_name(result);
    std::string text = with_detail(fmt::format("{}, measured {}", name, result.measured), result.detail);
    if (is(result.outcome, Judgement::failed)) return fail(name, std::move(text));
    undecided_names_.insert(squeezed(name));
    doubts_.push_back(std::move(text));
  }

  void judge_evidence() {
    if (input_.evidence.size() < input_.planned) {
      evidence_stands_ = false;
      doubts_.emplace_back("the run ended before its faults were injected");
    }
    for (const record::EvidenceVerdict& evidence : input_.evidence) {
      if (evidence.took_effect || !evidence.required) continue;
      evidence_stands_ = false;
      doubts_.push_back(
          with_detail(fmt::format("fault '{}' ({}) has no evidence that it took effect", evidence.fault, evidence.kind),
                      evidence.objection));
    }
  }

  void fail(const std::string& name, std::string text) {
    failed_names_.insert(squeezed(name));
    failures_.push_back(std::move(text));
  }

  const VerdictInput& input_;
  bool unsafe_ = false, steady_ = true, evidence_stands_ = true;
  std::vector<std::string> failures_, doubts_;
  std::set<std::string> failed_names_, undecided_names_;
};

/// A verdict with the reasons for it first.
struct Decision {
  std::string verdict;
  std::vector<std::string> reasons;
};

std::string signal_text(int signal) { return spec::signal_name(signal) + " ended the run"; }

Decision word(const VerdictInput& input, const Findings& findings) {
  std::vector<std::string> all = findings.failures();
  all.insert(all.end(), findings.doubts().begin(), findings.doubts().end());
  // A run that was cut short misses samples everywhere: what it did not come to is no news.
  const auto first = [&](std::string verdict, std::string reason) {
    std::vector<std::string> reasons = findings.failures();
    reasons.insert(reasons.begin(), std::move(reason));
    return Decision{std::move(verdict), std::move(reasons)};
  };
  if (input.rollback_failed) return first("error", "rollback failed, the host may be dirty: " + *input.rollback_failed);
  if (input.error) return first("error", *input.error);
  if (input.skipped) return {"skipped", {*input.skipped}};
  if (input.signal != 0) return first("aborted", signal_text(input.signal));
  if (input.stopped && findings.unsafe()) {
    all.push_back("stopped early: " + *input.stopped);
    return {"failed", all};
  }
  if (input.stopped) return first("aborted", *input.stopped);
  if (findings.failed()) return {"failed", all};
  if (findings.inconclusive()) return {"inconclusive", all};
  if (input.evidence.empty()) return {"withstood", {"every expectation held; no fault was injected"}};
  std::string idle;
  for (const record::EvidenceVerdict& evidence : input.evidence)
    if (!evidence.took_effect) idle += fmt::format("{}'{}'", idle.empty() ? "" : ", ", evidence.fault);
  if (!idle.empty()) return {"withstood", {"every expectation held; without effect, as their file allows: " + idle}};
  return {"withstood", {"every expectation held and every fault took effect"}};
}

/// Nothing failed beyond `fails` and `may_fail`.
bool failed_within(const spec::ExpectedVerdict& expected, const Findings& findings) {
  std::set<std::string> may = squeezed(expected.may_fail);
  may.merge(squeezed(expected.fails));
  const std::set<std::string>& failed = findings.failed_names();
  return std::includes(may.begin(), may.end(), failed.begin(), failed.end());
}

/// A failed run is as its file says when all of `fails` failed, nothing beyond `fails` and `may_fail` did, and it can
/// have been the faults: a target that is ill without them proves nothing of what they do.
bool failed_as_expected(const spec::ExpectedVerdict& expected, const Findings& findings) {
  const std::set<std::string> must = squeezed(expected.fails);
  const std::set<std::string>& failed = findings.failed_names();
  return findings.faults_can_be_it() && failed_within(expected, findings) &&
         std::includes(failed.begin(), failed.end(), must.begin(), must.end());
}

/// Whether a failed run could have been as its file says, or have been otherwise, had everything been decided: nothing
/// failed that was not to fail, and something else came out inconclusive that matters. Then nobody knows.
bool undecided(const spec::ExpectedVerdict& expected, const Findings& findings) {
  const std::set<std::string> must = squeezed(expected.fails), free = squeezed(expected.may_fail);
  const std::set<std::string>&failed = findings.failed_names(), &open = findings.undecided_names();
  const auto came_out = [&](const std::string& name) { return failed.contains(name) || open.contains(name); };
  return findings.faults_can_be_it() && failed_within(expected, findings) &&
         std::all_of(must.begin(), must.end(), came_out) &&
         std::any_of(open.begin(), open.end(), [&](const std::string& name) { return !free.contains(name); });
}

/// What keeps a failed run from being as its file says, for the reader of the report.
std::vector<std::string> surprises(const spec::ExpectedVerdict& expected, const Findings& findings) {
  std::vector<std::string> out;
  const std::set<std::string>& failed = findings.failed_names();
  const std::set<std::string> must = squeezed(expected.fails), may = squeezed(expected.may_fail);
  for (const std::string& name : expected.fails) {
    if (!failed.contains(squeezed(name))) out.push_back(fmt::format("'{}' was expected to fail and did not", name));
  }
  for (const std::string& name : failed) {
    if (!must.contains(name) && !may.contains(name)) out.push_back(fmt::format("'{}' was not expected to fail", name));
  }
  return out;
}

ExitCode code_of(const VerdictInput& input, const record::RunEnded& ended) {
  const bool by_signal = input.signal != 0 && ended.verdict == "aborted";
  if (by_signal && ended.rollback_ok) return record::exit_code_of_signal(input.signal);
  return record::exit_code_of(ended.verdict, ended.as_expected, ended.rollback_ok);
}

}  // namespace

record::ExpectationResult excused(record::ExpectationResult result, const VerdictInput& found) {
  if (result.phase == "before" || result.is_safety || !is(result.outcome, Judgement::failed)) return result;
  std::string excuse = general_excuse(found);
  if (excuse.empty() && !result.beyond_excuse) excuse = crowd_of(result.phase, found);
  if (excuse.empty()) return result;
  result.outcome = to_text(Judgement::inconclusive);
  result.detail += fmt::format("{}not held against the target: {}", result.detail.empty() ? "" : "; ", excuse);
  return result;
}

record::RunEnded decide(const VerdictInput& input) {
  const Findings findings(input);
  Decision decision = word(input, findings);
  record::RunEnded ended;
  ended.verdict = decision.verdict;
  ended.rollback_ok = !input.rollback_failed;
  const bool meant_to_fail = input.expected.verdict == "failed";
  if (ended.verdict == "withstood") ended.as_expected = !meant_to_fail;
  if (meant_to_fail && ended.verdict == "failed" && undecided(input.expected, findings)) {
    ended.verdict = "inconclusive";
    std::rotate(decision.reasons.begin(),
                decision.reasons.begin() + static_cast<std::ptrdiff_t>(findings.failures().size()),
                decision.reasons.end());
  }
  if (ended.verdict == "failed") ended.as_expected = meant_to_fail && failed_as_expected(input.expected, findings);
  if (meant_to_fail && (ended.verdict == "withstood" || (ended.verdict == "failed" && !ended.as_expected))) {
    for (std::string& surprise : surprises(input.expected, findings)) decision.reasons.push_back(std::move(surprise));
  }
  ended.reasons = std::move(decision.reasons);
  ended.reason = ended.reasons.front();
  ended.exit_code = static_cast<int>(code_of(input, ended));
  return ended;
}

}  // namespace withstand::check
