#pragma once

#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "check/history/history.hpp"
#include "check/linear/containers.hpp"
#include "check/linear/machine.hpp"
#include "check/linear/search.hpp"

namespace withstand::check {

/// Objects whose linearizability can be judged.
enum class LinearObject { reg, cas_register, key_value, set, counter, queue, stack, bag, mutex, registers };

struct LinearOptions {
  Value initial;                    ///< what a register holds at first; nil: nothing (0 for a counter)
  bool refused_cas_counts = false;  ///< a compare-and-set that failed saw another value, instead of not having happened
  std::chrono::milliseconds time{60'000};     ///< for searches, all together
  std::size_t memory = std::size_t{1} << 30;  ///< bytes for searches, all together
  unsigned threads = 0;                       ///< 0: one for each processor
};

/// What can be judged by itself: linearizability is local (M. Herlihy, J. Wing, TOPLAS 12(3), 1990, theorem 1).
struct LinearPart {
  enum class Rule { search, zones, queue, stack, bag, growing_set, text };
  Rule rule = Rule::search;
  Value key;                                ///< nil: the model's only object
  std::vector<SearchOperation> operations;  ///< `index` is into the history
  std::function<std::unique_ptr<Machine>()> machine;
  std::vector<Value> names;  ///< of a register's states, by number; empty for other objects
  // Queues, stacks and bags whose values are put once each:
  std::vector<ContainedValue> values;
  std::vector<FoundEmpty> empties;
  std::vector<std::string> texts;      ///< what a text's arguments stand for
  std::vector<std::string> snapshots;  ///< what reads of a whole set saw, as for make_set
  bool unknown_takes = false;          ///< what they took nobody knows, so "still there" is not certain
  // What no order can explain, found while reading:
  std::vector<std::uint32_t> impossible;
  std::string why_impossible;
};

struct LinearParts {
  std::vector<LinearPart> parts;
  std::string misfit;
  std::uint64_t changes = 0;  ///< operations that certainly changed something
  std::uint64_t sights = 0;   ///< operations that said something of the state
  std::uint64_t unknown = 0;  ///< operations that may have changed something
};

LinearParts take_apart(const OperationHistory& history, LinearObject object, const LinearOptions& options);

/// Numbers for values, as machines take them: 0 for nothing.
class ValueNumbers {
 public:
  std::uint32_t operator()(const Value& value) {
    if (value.is_nil()) return 0;
    return numbers_.try_emplace(value, static_cast<std::uint32_t>(numbers_.size() + 1)).first->second;
  }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(numbers_.size() + 1); }
  [[nodiscard]] std::vector<Value> names() const {
    std::vector<Value> names(size());
    for (const auto& [value, number] : numbers_) names[number] = value;
    return names;
  }

 private:
  std::unordered_map<Value, std::uint32_t, ValueHash> numbers_;
};

}  // namespace withstand::check
