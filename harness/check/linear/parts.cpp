#include "check/linear/parts.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "check/linear/part_builders.hpp"

namespace withstand::check {

namespace {

using Kind = MachineOperation::Kind;

std::vector<KeyOperations> by_key(const OperationHistory& history) {
  std::vector<KeyOperations> keys;
  std::unordered_map<Value, std::size_t, ValueHash> places;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const auto [place, fresh] = places.try_emplace(history.operations[i].key, keys.size());
    if (fresh) keys.push_back({history.operations[i].key, {}});
    keys[place->second].operations.push_back(i);
  }
  return keys;
}

template <std::size_t size>
bool one_of(std::string_view name, const std::array<std::string_view, size>& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

constexpr std::array<std::string_view, 3> reads{"read", "get", "r"};
constexpr std::array<std::string_view, 4> writes{"write", "put", "set", "w"};

/// Whether the zones of Gibbons and Korach decide it: reads and writes alone, each value written once, none of them
/// what was there at first.
bool zones_decide(const LinearPart& part, std::uint32_t initial) {
  std::vector<bool> written;
  for (const SearchOperation& one : part.operations) {
    if (one.operation.kind == Kind::read) continue;
    if (one.operation.kind != Kind::write || one.operation.a == initial) return false;
    if (written.size() <= one.operation.a) written.resize(one.operation.a + std::size_t{1});
    if (written[one.operation.a]) return false;
    written[one.operation.a] = true;
  }
  return true;
}

}  // namespace

void PartBuilder::misfit(std::uint32_t index, std::string_view known) {
  if (!out_.misfit.empty()) return;
  const std::string_view f = history_.f_of(at(index));
  out_.misfit = f.empty() ? fmt::format("line {} does not say what the operation does", at(index).line)
                          : fmt::format("line {}: the operation is \"{}\", or its value does not fit; known are {}",
                                        at(index).line, f, known);
}

SearchOperation PartBuilder::placed(const HistoryOperation& operation, std::uint32_t index, bool must,
                                    const MachineOperation& what) {
  return {operation.begin, must ? operation.end : never, must, index, what};
}

bool PartBuilder::change(LinearPart& part, std::uint32_t index, const MachineOperation& operation) {
  const auto outcome = at(index).outcome;
  if (outcome != record::Outcome::ok && outcome != record::Outcome::info) return false;
  const bool must = outcome == record::Outcome::ok;
  ++(must ? out_.changes : out_.unknown);
  part.operations.push_back(placed(at(index), index, must, operation));
  return true;
}

bool PartBuilder::sight(LinearPart& part, std::uint32_t index, const MachineOperation& operation) {
  if (at(index).outcome != record::Outcome::ok) return false;
  ++out_.sights;
  part.operations.push_back(placed(at(index), index, true, operation));
  return true;
}

void PartBuilder::registers(const KeyOperations& key, bool compare_and_set, bool texts) {
  LinearPart part;
  part.key = key.key;
  ValueNumbers number;
  const std::uint32_t initial = number(options_.initial);
  std::vector<std::string> text_of{""};
  const auto numbered = [&](const Value& value) {
    // The empty text is what a text holds that was never written.
    const std::uint32_t made = texts && value.is_text() && history_.values.text_of(value).empty() ? 0 : number(value);
    if (texts && made >= text_of.size())
      text_of.push_back(value.is_text() ? std::string(history_.values.text_of(value)) : history_.values.show(value));
    return made;
  };
  if (texts) numbered(options_.initial);
  for (const std::uint32_t index : key.operations) {
    const HistoryOperation& operation = at(index);
    const auto f = history_.f_of(operation);
    if (one_of(f, reads)) {
      if (operation.outcome == record::Outcome::ok) sight(part, index, {Kind::read, numbered(operation.output), 0, 0});
    } else if (one_of(f, writes)) {
      change(part, index, {Kind::write, numbered(operation.input), 0, 0});
    } else if (f == "append" && texts) {
      change(part, index, {Kind::append, numbered(operation.input), 0, 0});
    } else if (f == "delete" && texts) {
      change(part, index, {Kind::write, 0, 0, 0});
    } else if (f == "cas" && compare_and_set && operation.input.is_list() && operation.input.size == 2) {
      const auto pair = history_.values.items(operation.input);
      const MachineOperation cas{Kind::cas, numbered(pair[0]), numbered(pair[1]), 0};
      if (operation.outcome == record::Outcome::fail && options_.refused_cas_counts) {
        part.operations.push_back(placed(operation, index, true, {Kind::cas_refused, cas.a, 0, 0}));
        ++out_.sights;
      } else {
        change(part, index, cas);
      }
    } else {
      return misfit(index, texts             ? "read, write, append, delete and cas with [from to]"
                           : compare_and_set ? "read, write and cas with [from to]"
                                             : "read and write");
    }
  }
  const bool appends = std::any_of(part.operations.begin(), part.operations.end(),
                                   [](const auto& one) { return one.operation.kind == Kind::append; });
  if (!appends && zones_decide(part, initial)) part.rule = LinearPart::Rule::zones;
  if (appends) {
    if (options_.initial.is_nil()) part.rule = LinearPart::Rule::text;
    part.texts = text_of;
    part.machine = [text_of] { return make_text(text_of); };
  } else {
    part.machine = [initial] { return make_register(initial); };
    part.names = number.names();
  }
  out_.parts.push_back(std::move(part));
}

void PartBuilder::counter(const KeyOperations& key) {
  LinearPart part;
  part.key = key.key;
  for (const std::uint32_t index : key.operations) {
    const HistoryOperation& operation = at(index);
    const auto f = history_.f_of(operation);
    const bool adds = f == "add" || f == "increment" || f == "inc" || f == "decrement" || f == "dec";
    if (!adds && !one_of(f, reads)) return misfit(index, "read, add, increment and decrement");
    if (!adds && operation.outcome != record::Outcome::ok) continue;
    const Value value = adds ? operation.input : operation.output;
    if (!value.is_integer() && !(adds && value.is_nil())) return misfit(index, "whole numbers");
    const std::int64_t amount = value.is_nil() ? 1 : value.number;
    if (adds) {
      const bool down = f == "decrement" || f == "dec";
      change(part, index,
             {Kind::add, 0, 0, down ? static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(amount)) : amount});
    } else {
      sight(part, index, {Kind::total, 0, 0, amount});
    }
  }
  const std::int64_t initial = options_.initial.is_integer() ? options_.initial.number : 0;
  part.machine = [initial] { return make_counter(initial); };
  out_.parts.push_back(std::move(part));
}

void PartBuilder::mutex(const KeyOperations& key) {
  LinearPart part;
  part.key = key.key;
  for (const std::uint32_t index : key.operations) {
    const auto f = history_.f_of(at(index));
    if (f != "acquire" && f != "release") return misfit(index, "acquire and release");
    const bool happened = change(part, index, {f == "acquire" ? Kind::acquire : Kind::release, 0, 0, 0});
    if (happened && at(index).outcome == record::Outcome::ok && f == "acquire") ++out_.sights;
  }
  part.machine = [] { return make_mutex(); };
  out_.parts.push_back(std::move(part));
}

/// Registers that are read and written several at a time: [[:read x 1] [:write y 2]].
void PartBuilder::transactions() {
  LinearPart part;
  std::vector<std::vector<RegisterAccess>> transactions;
  ValueNumbers key_number, number;
  for (std::uint32_t index = 0; index < history_.operations.size(); ++index) {
    const HistoryOperation& operation = at(index);
    const bool answered = operation.outcome == record::Outcome::ok;
    std::vector<RegisterAccess> accesses;
    bool wrote = false;
    for (const Value& access : history_.values.items(answered ? operation.output : operation.input)) {
      const auto parts = history_.values.items(access);
      const auto kind = parts.size() == 3 ? history_.values.text_of(parts[0]) : std::string_view();
      if (!one_of(kind, reads) && !one_of(kind, writes))
        return misfit(index, "lists of [read key value], [write key value]");
      const bool write = one_of(kind, writes);
      wrote = wrote || write;
      if (write || (answered && !parts[2].is_nil()))
        accesses.push_back({write, key_number(parts[1]), number(parts[2])});
    }
    const MachineOperation what{Kind::transaction, static_cast<std::uint32_t>(transactions.size()), 0, 0};
    if (accesses.empty()) continue;
    if (wrote ? change(part, index, what) : sight(part, index, what)) transactions.push_back(std::move(accesses));
    if (wrote && answered && transactions.back().size() > 1) ++out_.sights;
  }
  // What was there at first is not told: a register holds what was read first of it and never written.
  std::vector<std::uint32_t> initial(key_number.size(), number(options_.initial));
  part.machine = [transactions, initial] { return make_registers(transactions, initial); };
  out_.parts.push_back(std::move(part));
}

LinearParts take_apart(const OperationHistory& history, LinearObject object, const LinearOptions& options) {
  LinearParts out;
  PartBuilder build(history, options, out);
  if (object == LinearObject::registers) {
    build.transactions();
    return out;
  }
  for (const KeyOperations& key : by_key(history)) {
    switch (object) {
      case LinearObject::set:
        build.set(key);
        break;
      case LinearObject::counter:
        build.counter(key);
        break;
      case LinearObject::queue:
        build.container(key, LinearPart::Rule::queue);
        break;
      case LinearObject::stack:
        build.container(key, LinearPart::Rule::stack);
        break;
      case LinearObject::bag:
        build.container(key, LinearPart::Rule::bag);
        break;
      case LinearObject::mutex:
        build.mutex(key);
        break;
      default:
        build.registers(key, object != LinearObject::reg, object == LinearObject::key_value);
    }
  }
  return out;
}

}  // namespace withstand::check
