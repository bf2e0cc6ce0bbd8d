#include "check/checker.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "check/linearizable.hpp"
#include "check/write_once.hpp"

namespace withstand::check {

namespace {

const Linearizable linearizable;
const NoAcknowledgedWriteLost no_acknowledged_write_lost;
const std::array<const Checker*, 2> all{&linearizable, &no_acknowledged_write_lost};

}  // namespace

std::span<const Checker* const> checkers() { return all; }

const Checker* find_checker(std::string_view name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const Checker* one) { return one->name() == name; });
  return found == all.end() ? nullptr : *found;
}

void doubt_for_bad_lines(record::CheckResult& result, std::uint64_t bad_lines, std::span<const std::string> problems) {
  if (bad_lines == 0 || result.outcome == to_text(Judgement::inconclusive)) return;
  const char* why = result.outcome == to_text(Judgement::held) ? "what they said is not known"
                                                               : "what looks wrong may come of what they said";
  result.summary = fmt::format("{} lines are wrong, the first: {}; {}; of the rest: {}", bad_lines, problems.front(),
                               why, result.summary);
  result.outcome = to_text(Judgement::inconclusive);
}

record::CheckResult judge_load(std::span<const record::Operation> operations, const CheckContext& context) {
  struct Count {
    std::uint64_t all = 0, ok = 0;
  };
  std::map<std::string, Count> kinds;
  for (const std::string& kind : context.operation_kinds) kinds[kind];
  for (const record::Operation& operation : operations) {
    if (operation.final_read) continue;
    Count& count = kinds[operation.op];
    ++count.all;
    if (operation.outcome == record::Outcome::ok) ++count.ok;
  }
  record::CheckResult result{"load", to_text(Judgement::held), "", {}};
  for (const auto& [kind, count] : kinds) {
    result.summary += fmt::format("{}{} of {} operations \"{}\" succeeded", result.summary.empty() ? "" : "; ",
                                  count.ok, count.all, kind);
    if (count.ok == 0) result.outcome = to_text(Judgement::inconclusive);
  }
  if (kinds.empty()) {
    result.outcome = to_text(Judgement::inconclusive);
    result.summary = "there were no operations";
  }
  return result;
}

}  // namespace withstand::check
