#include "check/checker.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "check/linearizable.hpp"
#include "check/workload_checks.hpp"
#include "check/write_once.hpp"

namespace withstand::check {

namespace {

const Linearizable linearizable;
const NoAcknowledgedWriteLost no_acknowledged_write_lost;

const std::vector<const Checker*>& all() {
  static const auto table = [] {
    std::vector<const Checker*> out{&linearizable, &no_acknowledged_write_lost};
    out.insert(out.end(), workload_checkers().begin(), workload_checkers().end());
    return out;
  }();
  return table;
}

}  // namespace

std::span<const Checker* const> checkers() { return all(); }

const Checker* find_checker(std::string_view name, std::string_view workload) {
  const auto found = std::find_if(all().begin(), all().end(), [&](const Checker* one) {
    return one->name() == name && (workload.empty() || one->applies_to(workload));
  });
  return found == all().end() ? nullptr : *found;
}

void doubt_for_bad_lines(record::CheckResult& result, std::uint64_t bad_lines, std::span<const std::string> problems) {
  if (bad_lines == 0 || result.outcome == to_text(Judgement::inconclusive)) return;
  const char* why = result.outcome == to_text(Judgement::held) ? "what they said is not known"
                                                               : "what looks wrong may come of what they said";
  result.summary = fmt::format("{} lines are wrong, the first: {}; {}; of the rest: {}", bad_lines, problems.front(),
                               why, result.summary);
  result.outcome = to_text(Judgement::inconclusive);
}

namespace {

std::string phase_of(const record::Operation& operation, const CheckContext& context) {
  for (const PhaseWindow& phase : context.phases)
    if (phase.window.contains(operation.intended)) return phase.phase;
  return "";
}

/// How often each error came in each phase: text and phase.
using Errors = std::map<std::pair<std::string, std::string>, std::uint64_t>;

void count_error(const record::Operation& operation, const CheckContext& context, Errors& errors) {
  constexpr std::size_t most = 1000;  // a target that says something else each time must not fill the memory
  const bool dropped = operation.outcome == record::Outcome::dropped;
  const bool silent = operation.outcome == record::Outcome::info && operation.error.empty();
  std::pair key(dropped  ? "never sent: too many were under way"
                : silent ? "under way when the run ended"
                         : operation.error,
                phase_of(operation, context));
  if (errors.size() >= most && !errors.contains(key)) key.first = "something else";
  ++errors[key];
}

/// Why operations of one kind did not succeed, the commonest first.
void explain_errors(const std::string& kind, const Errors& errors, std::vector<std::string>& lines) {
  constexpr std::size_t most = 4;
  std::vector<std::pair<std::pair<std::string, std::string>, std::uint64_t>> sorted(errors.begin(), errors.end());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  for (std::size_t i = 0; i < std::min(most, sorted.size()); ++i) {
    const auto& [text, phase] = sorted[i].first;
    lines.push_back(fmt::format("{} × \"{}\"{}: {}", sorted[i].second, kind, phase.empty() ? "" : " due in " + phase,
                                text.empty() ? "no reason given" : text));
  }
  if (sorted.size() > most)
    lines.push_back(fmt::format("and {} more kind{} of errors of \"{}\"", sorted.size() - most,
                                sorted.size() - most == 1 ? "" : "s", kind));
}

}  // namespace

record::CheckResult judge_load(std::span<const record::Operation> operations, const CheckContext& context) {
  struct Count {
    std::uint64_t all = 0, ok = 0;
    Errors errors;
  };
  std::map<std::string, Count> kinds;
  for (const std::string& kind : context.operation_kinds) kinds[kind];
  for (const record::Operation& operation : operations) {
    if (operation.final_read) continue;
    Count& count = kinds[operation.op];
    ++count.all;
    if (operation.outcome == record::Outcome::ok)
      ++count.ok;
    else
      count_error(operation, context, count.errors);
  }
  record::CheckResult result{"load", to_text(Judgement::held), "", {}};
  for (const auto& [kind, count] : kinds) {
    result.summary += fmt::format("{}{} of {} operations \"{}\" succeeded", result.summary.empty() ? "" : "; ",
                                  count.ok, count.all, kind);
    if (count.ok == 0) result.outcome = to_text(Judgement::inconclusive);
    explain_errors(kind, count.errors, result.explanation);
  }
  if (kinds.empty()) {
    result.outcome = to_text(Judgement::inconclusive);
    result.summary = "there were no operations";
  }
  return result;
}

}  // namespace withstand::check
