#include "check_histories.hpp"

#include <algorithm>
#include <random>

namespace withstand::bench {

namespace {

using check::HistoryOperation;
using check::OperationHistory;
using check::Value;

/// Operations of concurrent clients, each of which takes effect at one instant, in the order of the instants.
class Clients {
 public:
  Clients(std::size_t operations, std::size_t clients) : random_(1) {
    history.operations.resize(operations);
    history.timed = true;
    for (std::size_t i = 0; i < clients; ++i) history.processes.push_back(std::to_string(i));
    std::vector<std::int64_t> free(clients, 0);
    for (std::size_t i = 0; i < operations; ++i) {
      HistoryOperation& one = history.operations[i];
      one.process = static_cast<std::uint32_t>(i % clients);
      one.line = static_cast<std::uint32_t>(i + 1);
      one.begin = one.begin_time = free[i % clients] + 1 + below(10'000);
      one.end = one.end_time = free[i % clients] = one.begin + 100'000 + below(900'000);
      one.outcome = record::Outcome::ok;
      order.emplace_back(one.begin + below(one.end - one.begin), i);
    }
    std::sort(order.begin(), order.end());
  }
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }
  OperationHistory history;
  std::vector<std::pair<std::int64_t, std::size_t>> order;

 private:
  std::mt19937_64 random_;
};

}  // namespace

OperationHistory ambiguous_register(std::size_t operations, std::size_t clients) {
  Clients made(operations, clients);
  auto& values = made.history.values;
  const Value read = values.text("read"), write = values.text("write"), cas = values.text("cas");
  std::int64_t held = 0;
  for (const auto& [instant, i] : made.order) {
    HistoryOperation& one = made.history.operations[i];
    const auto kind = made.below(4);
    const std::int64_t next = 1 + made.below(5);
    if (kind < 2) {
      one.f = read;
      if (held != 0) one.output = Value::integer(held);
      continue;
    }
    const bool swaps = kind == 3 && held != 0;
    one.f = swaps ? cas : write;
    const Value pair[] = {Value::integer(held), Value::integer(next)};
    one.input = one.output = swaps ? values.list(pair) : Value::integer(next);
    held = next;
  }
  return std::move(made.history);
}

OperationHistory container(std::size_t operations, std::size_t clients, bool stack) {
  Clients made(operations, clients);
  auto& values = made.history.values;
  const Value put = values.text(stack ? "push" : "enqueue"), take = values.text(stack ? "pop" : "dequeue");
  std::vector<std::int64_t> held;
  std::size_t first = 0;
  for (const auto& [instant, i] : made.order) {
    HistoryOperation& one = made.history.operations[i];
    if (made.below(2) == 0) {
      one.f = put;
      one.input = one.output = Value::integer(static_cast<std::int64_t>(i));
      held.push_back(static_cast<std::int64_t>(i));
      continue;
    }
    one.f = take;
    if (first == held.size()) continue;
    one.output = Value::integer(stack ? held.back() : held[first]);
    if (stack) held.pop_back();
    if (!stack) ++first;
  }
  return std::move(made.history);
}

OperationHistory list_append(std::size_t transactions, std::size_t clients) {
  constexpr std::size_t live_keys = 8, longest = 16;
  Clients made(transactions, clients);
  auto& values = made.history.values;
  const Value txn = values.text("txn"), append = values.text("append"), read = values.text("r");
  struct List {
    std::int64_t key;
    std::vector<Value> elements;
  };
  std::vector<List> lists;
  std::int64_t next_key = 0;
  for (std::size_t i = 0; i < live_keys; ++i) lists.push_back({next_key++, {}});
  for (const auto& [instant, i] : made.order) {
    std::vector<Value> parts;
    for (auto n = 1 + made.below(4); n > 0; --n) {
      List& list = lists[static_cast<std::size_t>(made.below(live_keys))];
      if (made.below(2) == 0) {
        const Value element = Value::integer(static_cast<std::int64_t>(list.elements.size()) + 1);
        const Value mop[] = {append, Value::integer(list.key), element};
        list.elements.push_back(element);
        parts.push_back(values.list(mop));
      } else {
        const Value mop[] = {read, Value::integer(list.key), values.list(list.elements)};
        parts.push_back(values.list(mop));
      }
      if (list.elements.size() >= longest) list = {next_key++, {}};
    }
    HistoryOperation& one = made.history.operations[i];
    one.f = txn;
    one.input = one.output = values.list(parts);
  }
  return std::move(made.history);
}

}  // namespace withstand::bench
