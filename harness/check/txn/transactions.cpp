#include "check/txn/transactions.hpp"

#include <unordered_map>

#include <fmt/format.h>

namespace withstand::check {

namespace {

class Reader {
 public:
  Reader(const OperationHistory& history, TransactionKind kind) : history_(history) {
    out_.kind = kind;
    out_.values.emplace_back();
    out_.all.reserve(history.operations.size());
  }

  Transactions read() {
    for (std::uint32_t i = 0; i < history_.operations.size() && out_.misfit.empty(); ++i) take(i);
    return std::move(out_);
  }

 private:
  static std::uint32_t number(const Value& value, std::unordered_map<Value, std::uint32_t, ValueHash>& numbers,
                              std::vector<Value>& values) {
    const auto [place, fresh] = numbers.try_emplace(value, static_cast<std::uint32_t>(values.size()));
    if (fresh) values.push_back(value);
    return place->second;
  }
  std::uint32_t value_number(const Value& value) {
    return value.is_nil() ? 0 : number(value, value_numbers_, out_.values);
  }

  void misfit(const HistoryOperation& operation, std::string_view what) {
    out_.misfit = fmt::format("line {}: {}", operation.line, what);
  }

  void take(std::uint32_t index) {
    const HistoryOperation& operation = history_.operations[index];
    if (operation.outcome == record::Outcome::dropped) return;
    const bool answered = operation.outcome == record::Outcome::ok;
    const Value whole = answered ? operation.output : operation.input;
    if (!whole.is_list()) return misfit(operation, "the operation's value is no list of reads and writes");
    Transaction made{static_cast<std::uint32_t>(out_.accesses.size()), 0, index, operation.outcome};
    for (const Value& access : history_.values.items(whole)) {
      const auto parts = history_.values.items(access);
      if (parts.size() < 2 || parts.size() > 3) return misfit(operation, "a transaction's parts are [what key value]");
      if (!take_access(operation, parts, answered)) return;
    }
    made.count = static_cast<std::uint32_t>(out_.accesses.size()) - made.first;
    out_.all.push_back(made);
  }

  bool take_access(const HistoryOperation& operation, std::span<const Value> parts, bool answered) {
    const auto name = history_.values.text_of(parts[0]);
    const bool lists = out_.kind == TransactionKind::list_append;
    TransactionAccess access;
    access.key = number(parts[1], key_numbers_, out_.keys);
    const Value value = parts.size() == 3 ? parts[2] : Value();
    if (name == "r" || name == "read") {
      access.known = answered;
      if (answered && lists) return take_list(operation, access, value);
      access.value = answered ? value_number(value) : 0;
    } else if ((lists && name == "append") || (!lists && (name == "w" || name == "write"))) {
      access.kind = lists ? TransactionAccess::Kind::append : TransactionAccess::Kind::write;
      if (value.is_nil()) return misfit(operation, fmt::format("a transaction's {} has no value", name)), false;
      access.value = value_number(value);
    } else {
      misfit(operation, fmt::format("a transaction holds \"{}\"; known are r and {}", name, lists ? "append" : "w"));
      return false;
    }
    out_.accesses.push_back(access);
    return true;
  }

  /// Equal lists are kept once.
  bool take_list(const HistoryOperation& operation, TransactionAccess access, const Value& list) {
    if (!list.is_nil() && !list.is_list()) return misfit(operation, "a read of a list saw something else"), false;
    if (list.size > 0) {
      const auto [place, fresh] = lists_.try_emplace(list, static_cast<std::uint32_t>(out_.elements.size()));
      if (fresh)
        for (const Value& element : history_.values.items(list)) out_.elements.push_back(value_number(element));
      access.list_from = place->second;
      access.list_size = list.size;
    }
    out_.accesses.push_back(access);
    return true;
  }

  const OperationHistory& history_;
  Transactions out_;
  std::unordered_map<Value, std::uint32_t, ValueHash> key_numbers_, value_numbers_, lists_;
};

}  // namespace

Transactions read_transactions(const OperationHistory& history, TransactionKind kind) {
  return Reader(history, kind).read();
}

}  // namespace withstand::check
