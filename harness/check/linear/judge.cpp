#include "check/linear/judge.hpp"

#include <algorithm>
#include <thread>
#include <tuple>

#include <fmt/format.h>

#include "check/history/words.hpp"
#include "check/linear/growing_set.hpp"
#include "check/linear/smallest.hpp"
#include "check/linear/texts.hpp"
#include "check/zones.hpp"

namespace withstand::check {

namespace {

using Kind = MachineOperation::Kind;
using Clock = std::chrono::steady_clock;

constexpr std::size_t most_explained_parts = 3;
constexpr std::size_t most_shown = 12;

struct PartResult {
  Judgement judgement = Judgement::held;
  std::vector<std::uint32_t> culprits;  ///< into the history
  std::string reason;
};

PartResult failed(std::vector<std::uint32_t> culprits, std::string reason) {
  return {Judgement::failed, std::move(culprits), std::move(reason)};
}

/// One conflict of registers in words, its operations numbered as they are listed.
PartResult register_conflict(const LinearPart& part, const RegisterConflict& conflict) {
  const auto index = [&](std::uint32_t position) { return part.operations[position].index; };
  const auto [a, b] = conflict.first;
  const auto [c, d] = conflict.second;
  constexpr auto initial = RegisterConflict::initial;
  if (conflict.kind == RegisterConflict::Kind::read_before_write)
    return failed({index(a), index(b)}, "1 had ended before 2 began: the value was read before it was written.");
  if (a == initial || c == initial) {
    const auto there = a == initial ? c : a, gone = a == initial ? d : b;
    return failed({index(there), index(gone)},
                  "1 had ended before 2 began: the value was there, and then what was there at first was seen again.");
  }
  if (conflict.kind == RegisterConflict::Kind::sandwiched)
    return failed(
        {index(a), index(b), index(d)},
        "1 had ended before 2 began, and 2 before 3 began: the value of 1 and 3 was there, then that of 2, then "
        "the first again, although it was written only once.");
  return failed(
      {index(a), index(b), index(c), index(d)},
      "1 had ended before 2 began, so the value of 1 came first; 3 had ended before 4 began, so the value of 3 "
      "came first. Each was written only once: both cannot be.");
}

PartResult by_zones(const LinearPart& part, std::uint32_t initial) {
  std::vector<std::uint32_t> dense;  // by number: the value's place among those written; 0: none
  std::uint32_t values = 0;
  const auto place = [&](std::uint32_t number) -> std::uint32_t& {
    if (dense.size() <= number) dense.resize(number + std::size_t{1}, 0);
    return dense[number];
  };
  for (const SearchOperation& one : part.operations)
    if (one.operation.kind == Kind::write) place(one.operation.a) = ++values;
  std::vector<bool> read(values + std::size_t{1});
  for (const SearchOperation& one : part.operations) {
    if (one.operation.kind != Kind::read || one.operation.a == initial) continue;
    if (place(one.operation.a) == 0) return failed({one.index}, "Nobody ever wrote that value.");
    read[place(one.operation.a)] = true;
  }
  std::vector<RegisterOperation> operations;
  operations.reserve(part.operations.size());
  for (std::uint32_t i = 0; i < part.operations.size(); ++i) {
    const SearchOperation& one = part.operations[i];
    const bool write = one.operation.kind == Kind::write;
    const std::uint32_t value = one.operation.a == initial ? 0 : place(one.operation.a);
    if (write && !one.must_happen && !read[value]) continue;
    operations.push_back({one.begin, one.must_happen ? one.end : never, value, i, write});
  }
  if (const auto conflict = find_conflict(operations, values)) return register_conflict(part, *conflict);
  return {};
}

std::optional<ContainerConflict> container_conflict(const LinearPart& part, std::span<const ContainedValue> values) {
  if (part.rule == LinearPart::Rule::queue) return queue_conflict(values, part.empties);
  if (part.rule == LinearPart::Rule::stack) return stack_conflict(values, part.empties);
  return bag_conflict(values, part.empties);
}

PartResult in_words(const ContainerConflict& conflict) {
  switch (conflict.kind) {
    case ContainerConflict::Kind::taken_before_put:
      return failed(conflict.operations, "1 had ended before 2 began: it was taken out before it was put in.");
    case ContainerConflict::Kind::out_of_order:
      return failed(
          conflict.operations,
          conflict.operations.size() == 4
              ? "1 had ended before 2 began, so its value came first; but 3 took the value of 2 and had ended "
                "before 4 began to take that of 1."
              : "1 had ended before 2 began, so its value came first; but 3 took the value of 2, and that of 1 "
                "was never taken.");
    case ContainerConflict::Kind::not_empty:
      return failed(
          conflict.operations,
          "1 found nothing, but all the while something was there that had been put in and not been taken out.");
    case ContainerConflict::Kind::not_nested:
      break;
  }
  return failed(conflict.operations, "Of these values one must have been below all others, and none can have been.");
}

class PartJudge {
 public:
  PartJudge(const OperationHistory& history, const LinearPart& part, const LinearOptions& options,
            Clock::time_point deadline, std::size_t memory)
      : history_(history), part_(part), options_(options), deadline_(deadline), memory_(memory) {}

  PartResult judge() {
    if (!part_.why_impossible.empty()) return failed(part_.impossible, part_.why_impossible);
    switch (part_.rule) {
      case LinearPart::Rule::zones:
        return by_zones(part_, initial());
      case LinearPart::Rule::growing_set:
        return by_growth();
      case LinearPart::Rule::queue:
      case LinearPart::Rule::stack:
      case LinearPart::Rule::bag:
        return by_container();
      case LinearPart::Rule::text:
        return by_text();
      case LinearPart::Rule::search:
        break;
    }
    return by_search();
  }

 private:
  [[nodiscard]] std::uint32_t initial() const {
    return part_.names.empty()
               ? 0
               : static_cast<std::uint32_t>(std::find(part_.names.begin(), part_.names.end(), options_.initial) -
                                            part_.names.begin());
  }

  PartResult by_growth() const {
    const auto conflict = growing_set_conflict(part_.operations, part_.snapshots);
    if (!conflict) return {};
    const std::uint32_t first = part_.operations[conflict->first].index;
    const std::uint32_t second = part_.operations[conflict->second].index;
    switch (conflict->kind) {
      case GrowingSetConflict::Kind::incomparable:
        return failed({first, second}, "Each saw something that the other did not see, and nothing was ever removed.");
      case GrowingSetConflict::Kind::from_nowhere:
        return failed({first}, "It saw a member that nobody had added, or whose add had failed.");
      case GrowingSetConflict::Kind::misplaced:
        break;
    }
    std::vector<std::uint32_t> culprits{first, second};
    if (conflict->witness) culprits.push_back(part_.operations[*conflict->witness].index);
    return failed(std::move(culprits), "1 had ended before 2 began, but by what reads saw 2 came first.");
  }

  PartResult by_text() {
    TextVerdict verdict = judge_text(part_.operations, part_.texts);
    if (verdict.answer == TextVerdict::Answer::ambiguous) return by_search();
    if (verdict.answer == TextVerdict::Answer::linearizable) return {};
    for (std::uint32_t& position : verdict.operations) position = part_.operations[position].index;
    return failed(std::move(verdict.operations), std::move(verdict.reason));
  }

  PartResult by_container() {
    auto certain = part_.values;
    if (part_.unknown_takes)
      std::erase_if(certain, [](const ContainedValue& value) { return value.take == ContainedValue::nobody; });
    if (const auto conflict = container_conflict(part_, certain)) return in_words(*conflict);
    if (!part_.unknown_takes || !container_conflict(part_, part_.values)) return {};
    if (part_.rule != LinearPart::Rule::bag) return by_search();
    return {Judgement::inconclusive, {}, "what takes of unknown outcome took would decide"};
  }

  PartResult by_search() {
    const auto machine =
        part_.rule == LinearPart::Rule::text ? make_seen_text(part_.operations, part_.texts) : part_.machine();
    SearchLimits limits;
    limits.deadline = deadline_;
    limits.memory = memory_;
    const SearchResult result = search_order(part_.operations, *machine, limits);
    switch (result.answer) {
      case SearchResult::Answer::linearizable:
        return {};
      case SearchResult::Answer::not_linearizable:
        return explained(result);
      case SearchResult::Answer::out_of_memory:
        return {Judgement::inconclusive,
                {},
                fmt::format("{} configurations filled the memory allowed", result.configurations)};
      default:
        return {Judgement::inconclusive,
                {},
                fmt::format("no answer after {} configurations in the time allowed", result.configurations)};
    }
  }

  PartResult explained(const SearchResult& result) const {
    auto few = smallest_failing(part_, result.stuck, Clock::now() + std::chrono::seconds(2));
    std::sort(few.begin(), few.end(), [](const SearchOperation& a, const SearchOperation& b) {
      return std::tuple(a.begin, a.index) < std::tuple(b.begin, b.index);
    });
    PartResult out;
    out.judgement = Judgement::failed;
    const std::uint32_t stuck = part_.operations[result.stuck].index;
    for (const SearchOperation& one : few) out.culprits.push_back(one.index);
    const auto place = std::find(out.culprits.begin(), out.culprits.end(), stuck);
    out.reason = "No order of these explains what was seen.";
    if (place != out.culprits.end())
      out.reason = fmt::format(
          "No order of these explains what was seen: however the others are placed, {} fits nowhere "
          "before its end.{}",
          place - out.culprits.begin() + 1, states_text(result.states));
    return out;
  }

  [[nodiscard]] std::string states_text(const std::vector<std::uint32_t>& states) const {
    std::string text;
    for (const std::uint32_t state : states) {
      if (state >= part_.names.size()) return "";
      text += fmt::format("{}{}", text.empty() ? "" : " or ", history_.values.show(part_.names[state]));
    }
    return text.empty() ? "" : fmt::format(" By then the register could hold only {}.", text);
  }

  const OperationHistory& history_;
  const LinearPart& part_;
  const LinearOptions& options_;
  Clock::time_point deadline_;
  std::size_t memory_;
};

std::vector<PartResult> judge_parts(const OperationHistory& history, const LinearParts& apart,
                                    const LinearOptions& options) {
  std::vector<PartResult> results(apart.parts.size());
  const unsigned processors =
      options.threads != 0 ? options.threads : std::max(1U, std::thread::hardware_concurrency());
  const auto searching = static_cast<std::size_t>(
      std::count_if(apart.parts.begin(), apart.parts.end(), [](const auto& part) { return part.machine != nullptr; }));
  const std::size_t workers = std::clamp<std::size_t>(std::min<std::size_t>(processors, searching), 1, 64);
  const auto deadline = Clock::now() + options.time;
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < apart.parts.size(); i = next++)
      results[i] = PartJudge(history, apart.parts[i], options, deadline, options.memory / workers).judge();
  };
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < workers; ++i) threads.emplace_back(work);
  work();
  return results;
}

std::string why_too_little(const OperationHistory& history, const LinearParts& apart) {
  if (history.completions_only) return "it holds ends of operations without their beginnings, so no order in time";
  if (apart.changes == 0) return "no operation that changes anything succeeded";
  if (apart.sights == 0) return "no operation that sees anything succeeded";
  return "";
}

void explain(const OperationHistory& history, const LinearPart& part, const PartResult& result, Finding& out) {
  if (!part.key.is_nil()) out.explanation.push_back(fmt::format("key {}:", history.values.show(part.key)));
  std::span<const std::uint32_t> shown(result.culprits);
  std::size_t first = 1;
  if (shown.size() > most_shown) {
    out.explanation.push_back(fmt::format("  {} operations, of which the last are:", shown.size()));
    first += shown.size() - most_shown;
    shown = shown.last(most_shown);
  }
  for (auto& line : numbered(history, shown, first)) out.explanation.push_back(std::move(line));
  out.explanation.push_back("  " + result.reason);
  out.culprits.insert(out.culprits.end(), result.culprits.begin(), result.culprits.end());
}

}  // namespace

Finding judge_linearizable(const OperationHistory& history, LinearObject object, const LinearOptions& options) {
  Finding out;
  const LinearParts apart = take_apart(history, object, options);
  if (!apart.misfit.empty()) {
    out.misfit = apart.misfit;
    return out;
  }
  const auto results = judge_parts(history, apart, options);
  std::size_t violated = 0, undecided = 0;
  std::string why_undecided;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].judgement == Judgement::failed && violated++ < most_explained_parts)
      explain(history, apart.parts[i], results[i], out);
    if (results[i].judgement == Judgement::inconclusive && undecided++ == 0) why_undecided = results[i].reason;
  }
  const std::string counts =
      fmt::format("{} changes and {} sights in {} part{} that can be judged by {}; {} more of unknown outcome",
                  apart.changes, apart.sights, results.size(), results.size() == 1 ? "" : "s",
                  results.size() == 1 ? "itself" : "themselves", apart.unknown);
  const std::string too_little = why_too_little(history, apart);
  if (violated > 0) {
    out.judgement = Judgement::failed;
    out.summary = fmt::format("no order of the operations explains what was seen in {} of {} ({})", violated,
                              results.size(), counts);
  } else if (undecided > 0) {
    out.judgement = Judgement::inconclusive;
    out.summary =
        fmt::format("{} of {} could not be decided: {} ({})", undecided, results.size(), why_undecided, counts);
  } else if (!too_little.empty()) {
    out.judgement = Judgement::inconclusive;
    out.summary = too_little;
  } else {
    out.summary = counts;
  }
  return out;
}

}  // namespace withstand::check
