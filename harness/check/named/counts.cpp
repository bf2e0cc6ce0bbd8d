// Counters, identifiers, accounts.

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "check/named/evidence.hpp"
#include "check/named/named.hpp"

namespace withstand::check {

namespace {

/// What adds one instant brings.
struct Step {
  std::int64_t at = 0, least = 0, most = 0;
};

/// Sums up to and with an instant, of steps by time.
class Sums {
 public:
  explicit Sums(std::vector<Step> steps) : steps_(std::move(steps)) {
    std::sort(steps_.begin(), steps_.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
    for (std::size_t i = 1; i < steps_.size(); ++i) {
      steps_[i].least = plus(steps_[i].least, steps_[i - 1].least);
      steps_[i].most = plus(steps_[i].most, steps_[i - 1].most);
    }
  }
  [[nodiscard]] Step before(std::int64_t t) const {
    return last([&](const Step& one) { return one.at < t; });
  }
  [[nodiscard]] Step until(std::int64_t t) const {
    return last([&](const Step& one) { return one.at <= t; });
  }

 private:
  template <class Still>
  [[nodiscard]] Step last(Still still) const {
    const auto end = std::partition_point(steps_.begin(), steps_.end(), still);
    return end == steps_.begin() ? Step{} : *std::prev(end);
  }
  std::vector<Step> steps_;
};

struct CounterOfKey {
  std::vector<Step> begun, ended;  ///< what may have been added; what surely was
  std::vector<std::uint32_t> reads;
};

std::uint64_t count_wrong_reads(const OperationHistory& history, CounterOfKey& counter, Finding& out) {
  const Sums may(std::move(counter.begun)), surely(std::move(counter.ended));
  std::uint64_t violations = 0;
  for (const std::uint32_t read : counter.reads) {
    const HistoryOperation& operation = history.operations[read];
    const Step could = may.until(operation.end), did = surely.before(operation.begin);
    const std::int64_t least = plus(could.least, did.least), most = plus(could.most, did.most);
    const std::int64_t seen = operation.output.number;
    if (seen >= least && seen <= most) continue;
    if (violations++ < 3)
      accuse(history, out, "out of bounds", std::span(&read, 1),
             fmt::format("By what had ended before and what had begun until its end, the total lay between {} and {}.",
                         least, most));
  }
  return violations;
}

}  // namespace

Finding judge_counter(const OperationHistory& history) {
  Finding out;
  ByKey<CounterOfKey> counters;
  std::uint64_t adds = 0, reads = 0, violations = 0;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const HistoryOperation& operation = history.operations[i];
    const auto f = history.f_of(operation);
    const bool down = is_one_of(f, {"decrement", "dec"});
    if (is_one_of(f, {"read", "get"})) {
      if (operation.outcome == record::Outcome::ok && !operation.output.is_integer())
        return misfit_of(history, operation, "whole numbers");
      if (operation.outcome != record::Outcome::ok) continue;
      counters[operation.key].reads.push_back(i);
      ++reads;
      continue;
    }
    if ((!down && !is_one_of(f, {"add", "increment", "inc"})) ||
        (!operation.input.is_integer() && !operation.input.is_nil()))
      return misfit_of(history, operation, "read, add, increment and decrement of whole numbers");
    if (operation.outcome != record::Outcome::ok && operation.outcome != record::Outcome::info) continue;
    const std::int64_t given = operation.input.is_nil() ? 1 : operation.input.number;
    const std::int64_t amount = down ? negative(given) : given;
    CounterOfKey& counter = counters[operation.key];
    counter.begun.push_back({operation.begin, std::min<std::int64_t>(amount, 0), std::max<std::int64_t>(amount, 0)});
    if (operation.outcome != record::Outcome::ok) continue;
    ++adds;
    counter.ended.push_back({operation.end, std::max<std::int64_t>(amount, 0), std::min<std::int64_t>(amount, 0)});
  }
  for (CounterOfKey& counter : counters) violations += count_wrong_reads(history, counter, out);
  out.summary = fmt::format("{} of {} reads{} lie outside what {} acknowledged adds allow", violations, reads,
                            of_keys(counters.size()), adds);
  if (adds == 0) too_little(out, "no add succeeded");
  if (reads == 0) too_little(out, "no read succeeded");
  return out;
}

Finding judge_unique_ids(const OperationHistory& history) {
  Finding out;
  std::unordered_map<Value, std::uint32_t, ValueHash> first;
  std::uint64_t twice = 0, given = 0;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const HistoryOperation& operation = history.operations[i];
    if (operation.outcome != record::Outcome::ok) continue;
    if (operation.output.is_nil()) return misfit_of(history, operation, "operations that return something");
    ++given;
    const auto [before, fresh] = first.try_emplace(operation.output, i);
    if (fresh || twice++ >= 3) continue;
    const std::uint32_t both[] = {before->second, i};
    accuse(history, out, "the same twice", both, "Both got the same.");
  }
  out.summary = fmt::format("of {} identifiers {} had been given before", given, twice);
  if (given < 2) too_little(out, "fewer than two operations succeeded");
  return out;
}

Finding judge_bank(const OperationHistory& history, const BankOptions& options) {
  Finding out;
  auto total = options.total;
  std::uint64_t reads = 0, wrong = 0, negative = 0, transfers = 0;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const HistoryOperation& operation = history.operations[i];
    if (operation.outcome != record::Outcome::ok) continue;
    if (!is_one_of(history.f_of(operation), {"read", "get"})) {
      ++transfers;
      continue;
    }
    if (operation.output.tag != Value::Tag::map) return misfit_of(history, operation, "reads of {account balance}");
    const auto items = history.values.items(operation.output);
    std::int64_t sum = 0;
    bool below = false;
    for (std::size_t at = 1; at < items.size(); at += 2) {
      if (!items[at].is_integer()) return misfit_of(history, operation, "whole balances");
      sum = plus(sum, items[at].number);
      below = below || items[at].number < 0;
    }
    ++reads;
    if (!total) total = sum;
    if (sum != *total && wrong++ < 3)
      accuse(history, out, "wrong total", std::span(&i, 1),
             fmt::format("The accounts sum to {} and should to {}.", sum, *total));
    if (below && !options.negative_allowed && negative++ < 3)
      accuse(history, out, "negative balance", std::span(&i, 1), "An account holds less than nothing.");
  }
  out.summary = fmt::format("of {} reads beside {} transfers {} had another total than {}, and {} a negative balance",
                            reads, transfers, wrong, total.value_or(0), negative);
  if (reads == 0) too_little(out, "no read succeeded");
  if (reads == 1 && !options.total) too_little(out, "one read says nothing of a total that was not given");
  return out;
}

}  // namespace withstand::check
