#pragma once

#include <span>
#include <string>
#include <vector>

#include "check/linear/parts.hpp"

/// How histories of each object are taken apart. For parts.cpp.
namespace withstand::check {

/// The operations of one key, by their place in the history.
struct KeyOperations {
  Value key;
  std::vector<std::uint32_t> operations;
};

/// What all builders share: which operations took place, and what is wrong.
class PartBuilder {
 public:
  PartBuilder(const OperationHistory& history, const LinearOptions& options, LinearParts& out)
      : history_(history), options_(options), out_(out) {}

  void registers(const KeyOperations& key, bool compare_and_set, bool texts);
  void set(const KeyOperations& key);
  void counter(const KeyOperations& key);
  void container(const KeyOperations& key, LinearPart::Rule rule);
  void mutex(const KeyOperations& key);
  void transactions();

 private:
  struct Whole;  // a set read as a whole
  [[nodiscard]] const HistoryOperation& at(std::uint32_t index) const { return history_.operations[index]; }
  void misfit(std::uint32_t index, std::string_view known);
  /// Adds an operation that changes something, unless it certainly did not happen.
  bool change(LinearPart& part, std::uint32_t index, const MachineOperation& operation);
  /// Adds an operation that saw something, if it was answered.
  bool sight(LinearPart& part, std::uint32_t index, const MachineOperation& operation);
  static SearchOperation placed(const HistoryOperation& operation, std::uint32_t index, bool must,
                                const MachineOperation& what);
  bool set_operation(const KeyOperations& key, std::uint32_t index, std::vector<LinearPart>& elements,
                     LinearPart& whole, Whole& state);
  void finish_set(const KeyOperations& key, std::vector<LinearPart>& elements, LinearPart& whole, Whole& state);
  void counter_bounds(LinearPart& part);
  void pair_up(LinearPart& part, LinearPart::Rule rule, std::span<const std::uint32_t> puts,
               std::span<const std::uint32_t> takes);

  const OperationHistory& history_;
  const LinearOptions& options_;
  LinearParts& out_;
};

}  // namespace withstand::check
