#include "check/linearizable.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

#include <fmt/format.h>

#include "check/describe.hpp"
#include "check/register_history.hpp"

namespace withstand::check {

namespace {

using record::Operation;

constexpr std::size_t explained_keys = 3;

struct KeyFinding {
  const RegisterKey* key = nullptr;
  RegisterFinding finding;
  Window when;  ///< from when its first operation was sent until its last was done: then it had gone wrong
  bool under_fault = false;

  [[nodiscard]] bool violation() const {
    return finding.kind != RegisterFinding::Kind::not_unique && finding.kind != RegisterFinding::Kind::backwards;
  }
};

/// From when the first operation of the finding was sent until the last was done.
Window time_of(const RegisterFinding& finding, std::span<const Operation> history) {
  std::vector<std::uint32_t> positions{finding.first};
  if (finding.kind == RegisterFinding::Kind::from_a_failure || finding.kind == RegisterFinding::Kind::not_unique)
    positions.push_back(finding.second);
  if (finding.kind == RegisterFinding::Kind::unordered) {
    const RegisterConflict& conflict = finding.conflict;
    positions = {conflict.first[0], conflict.first[1]};
    if (conflict.kind != RegisterConflict::Kind::read_before_write) {
      positions.insert(positions.end(), {conflict.second[0], conflict.second[1]});
    }
  }
  Window when{std::numeric_limits<std::int64_t>::max(), 0};
  for (const std::uint32_t position : positions) {
    if (position == RegisterConflict::initial) continue;
    when.from = std::min(when.from, history[position].sent);
    when.to = std::max(when.to, history[position].done);
  }
  return when;
}

/// Lists the operations of one finding with numbers, says why they cannot be, and which faults were active.
class Explanation {
 public:
  Explanation(std::span<const Operation> history, const CheckContext& context) : history_(history), context_(context) {}

  std::vector<std::string> of(const KeyFinding& found) {
    const std::string reason = reason_of(found.finding);
    std::vector<std::string> lines{fmt::format("key {}:", found.key->key)};
    for (std::size_t i = 0; i < shown_.size(); ++i) {
      lines.push_back(fmt::format("  {}. {}", i + 1, describe(history_[shown_[i]], context_.phases)));
    }
    lines.push_back("  " + reason);
    if (context_.faults_known) lines.push_back("  " + faults_active(context_.faults, {from_, to_}, context_.phases));
    return lines;
  }

 private:
  std::string reason_of(const RegisterFinding& finding) {
    switch (finding.kind) {
      case RegisterFinding::Kind::from_nowhere:
        show(finding.first);
        return "Nobody ever wrote that value to this key.";
      case RegisterFinding::Kind::from_a_failure:
        show(finding.second);
        show(finding.first);
        return "The write had not happened, and yet its value was read.";
      case RegisterFinding::Kind::not_unique:
        show(finding.first);
        show(finding.second);
        return "The values are not unique, so it cannot be told which write a read saw.";
      case RegisterFinding::Kind::backwards:
        show(finding.first);
        return "An operation cannot end before it starts.";
      case RegisterFinding::Kind::unordered:
        break;
    }
    return order_reason(finding.conflict);
  }

  std::string order_reason(const RegisterConflict& conflict) {
    const auto [a, b] = conflict.first;
    const auto [c, d] = conflict.second;
    if (conflict.kind == RegisterConflict::Kind::read_before_write) {
      const std::size_t read = show(a), write = show(b);
      return fmt::format("{} had ended before {} began: the value was read before it was written.", read, write);
    }
    if (a == RegisterConflict::initial) return after_nothing(c, d);
    if (c == RegisterConflict::initial) return after_nothing(a, b);
    if (conflict.kind == RegisterConflict::Kind::sandwiched) {
      const std::size_t outer = show(a), middle = show(b), again = show(d);
      return fmt::format(
          "{} had ended before {} began, and {} before {} began: {} was there, then {}, then {} again, although it was "
          "written only once.",
          outer, middle, middle, again, value(a), value(b), value(d));
    }
    const std::size_t one = show(a), two = show(b), three = show(c), four = show(d);
    return fmt::format(
        "{} had ended before {} began, so {} came first; {} had ended before {} began, so {} came first. Each was "
        "written only once: both cannot be.",
        one, two, value(a), three, four, value(c));
  }

  std::string after_nothing(std::uint32_t there, std::uint32_t gone) {
    const std::size_t first = show(there), second = show(gone);
    return fmt::format("{} had ended before {} began: {} was there, and then the key held nothing.", first, second,
                       value(there));
  }

  std::string value(std::uint32_t position) const { return value_text(history_[position].value); }

  /// The operation's number in the list.
  std::size_t show(std::uint32_t position) {
    const Operation& operation = history_[position];
    from_ = shown_.empty() ? operation.sent : std::min(from_, operation.sent);
    to_ = shown_.empty() ? operation.done : std::max(to_, operation.done);
    shown_.push_back(position);
    return shown_.size();
  }

  std::span<const Operation> history_;
  const CheckContext& context_;
  std::vector<std::uint32_t> shown_;
  std::int64_t from_ = 0, to_ = 0;
};

std::string why_too_little(const RegisterCounts& counts) {
  if (counts.writes == 0) return "no write succeeded";
  if (counts.reads == 0) return "no read succeeded";
  if (counts.reads_saw == 0) return "no read returned a value that was written";
  return "";
}

std::string counts_text(const RegisterCounts& counts, std::size_t keys) {
  return fmt::format("{} acknowledged writes and {} reads on {} keys; of {} writes of unknown outcome {} were read",
                     counts.writes, counts.reads, keys, counts.unknown, counts.unknown_saw);
}

}  // namespace

record::CheckResult Linearizable::judge(std::span<const Operation> operations, const CheckContext& context) const {
  const std::vector<RegisterKey> keys = by_key(operations);
  RegisterCounts counts;
  std::vector<KeyFinding> findings;
  for (const RegisterKey& key : keys) {
    const auto finding = judge_key(operations, key, counts);
    if (!finding) continue;
    const Window when = time_of(*finding, operations);
    findings.push_back({&key, *finding, when, any_fault_active(context.faults, when)});
  }
  // Violations first, of those the ones under a fault, which is what the reader asks about; and then the earliest.
  std::stable_sort(findings.begin(), findings.end(), [](const KeyFinding& a, const KeyFinding& b) {
    return std::tuple(!a.violation(), !a.under_fault, a.when.to) <
           std::tuple(!b.violation(), !b.under_fault, b.when.to);
  });
  const auto violations =
      std::count_if(findings.begin(), findings.end(), [](const KeyFinding& found) { return found.violation(); });

  record::CheckResult result{std::string(name()), to_text(Judgement::held), counts_text(counts, keys.size()), {}};
  const std::string too_little = why_too_little(counts);
  if (violations > 0) {
    result.outcome = to_text(Judgement::failed);
    result.summary = fmt::format("no order of the operations explains what was read on {} of {} keys ({})", violations,
                                 keys.size(), result.summary);
  } else if (!findings.empty()) {
    result.outcome = to_text(Judgement::inconclusive);
    result.summary = fmt::format("{} of {} keys cannot be judged", findings.size(), keys.size());
  } else if (!too_little.empty()) {
    result.outcome = to_text(Judgement::inconclusive);
    result.summary = too_little;
  }
  for (std::size_t i = 0; i < std::min(explained_keys, findings.size()); ++i) {
    const auto lines = Explanation(operations, context).of(findings[i]);
    result.explanation.insert(result.explanation.end(), lines.begin(), lines.end());
  }
  return result;
}

}  // namespace withstand::check
