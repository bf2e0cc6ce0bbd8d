#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "check/linear/growing_set.hpp"
#include "check/linear/part_builders.hpp"

namespace withstand::check {

using Kind = MachineOperation::Kind;

/// What a set needs when it is read as a whole.
struct PartBuilder::Whole {
  ValueNumbers number;  ///< of members, from 1
  std::vector<std::string> snapshots;
  bool read = false, removed = false, asked = false, twice = false;
  std::unordered_map<Value, std::size_t, ValueHash> element_parts;
};

/// Judged member by member where nothing looks at several of them at once; as one where something does.
void PartBuilder::set(const KeyOperations& key) {
  std::vector<LinearPart> elements;
  LinearPart whole;
  Whole state;
  whole.key = key.key;
  for (const std::uint32_t index : key.operations)
    if (!set_operation(key, index, elements, whole, state)) return misfit(index, "add, remove, contains and read");
  finish_set(key, elements, whole, state);
}

bool PartBuilder::set_operation(const KeyOperations& key, std::uint32_t index, std::vector<LinearPart>& elements,
                                LinearPart& whole, Whole& state) {
  const HistoryOperation& operation = at(index);
  const auto f = history_.f_of(operation);
  if (f == "read" || f == "get") {
    if (operation.outcome != record::Outcome::ok) return true;
    if (!operation.output.is_nil() && !operation.output.is_collection()) return false;
    state.read = true;
    std::string members(1, '\0');
    for (const Value& member : history_.values.items(operation.output)) {
      const std::uint32_t number = state.number(member);
      if (members.size() <= number) members.resize(number + std::size_t{1}, '\0');
      members[number] = 1;
    }
    state.snapshots.push_back(std::move(members));
    return sight(whole, index, {Kind::snapshot, static_cast<std::uint32_t>(state.snapshots.size() - 1), 0, 0});
  }
  const bool adds = f == "add" || f == "insert", removes = f == "remove" || f == "delete";
  const bool asks = f == "contains" || f == "has";
  if (!adds && !removes && !asks) return false;
  const Value member = operation.input;
  const auto [place, fresh] = state.element_parts.try_emplace(member, elements.size());
  if (fresh) {
    elements.emplace_back().key = key.key;
    elements.back().machine = [] { return make_set({}); };
  }
  LinearPart& element = elements[place->second];
  MachineOperation what{adds ? Kind::insert : Kind::remove, 1, 0, 0};
  state.removed = state.removed || removes;
  if (asks) {
    if (operation.outcome != record::Outcome::ok) return true;
    if (operation.output.tag != Value::Tag::boolean) return false;
    state.asked = true;
    what.kind = operation.output == Value::boolean(true) ? Kind::holds : Kind::lacks;
    sight(element, index, what);
  } else if (!change(element, index, what)) {
    return true;
  } else if (adds && !fresh) {
    state.twice = true;
  }
  what.a = state.number(member);
  whole.operations.push_back(element.operations.back());
  whole.operations.back().operation = what;
  return true;
}

void PartBuilder::finish_set(const KeyOperations& key, std::vector<LinearPart>& elements, LinearPart& whole,
                             Whole& state) {
  (void)key;
  if (!state.read) {
    for (LinearPart& element : elements) out_.parts.push_back(std::move(element));
    return;
  }
  whole.machine = [snapshots = state.snapshots] { return make_set(snapshots); };
  if (!state.removed && !state.asked && !state.twice) whole.rule = LinearPart::Rule::growing_set;
  whole.snapshots = std::move(state.snapshots);
  out_.parts.push_back(std::move(whole));
}

namespace {

/// Those told that there was nothing: a take that returned nothing, or that failed for that reason.
bool found_nothing(const OperationHistory& history, const HistoryOperation& operation) {
  const auto said = history.values.text_of(operation.error);
  if (operation.outcome == record::Outcome::fail) return said == "empty" || said == "exhausted";
  if (operation.outcome != record::Outcome::ok) return false;
  const auto text = history.values.text_of(operation.output);
  return operation.output.is_nil() || text == "empty";
}

bool puts(std::string_view f) { return f == "enqueue" || f == "push" || f == "insert" || f == "put" || f == "add"; }
bool takes(std::string_view f) { return f == "dequeue" || f == "pop" || f == "remove" || f == "take"; }

}  // namespace

/// Queues, stacks and bags.
void PartBuilder::container(const KeyOperations& key, LinearPart::Rule rule) {
  LinearPart part;
  part.key = key.key;
  ValueNumbers number;
  std::vector<std::uint32_t> put, taken;  // positions in part.operations
  for (const std::uint32_t index : key.operations) {
    const HistoryOperation& operation = at(index);
    const auto f = history_.f_of(operation);
    if (!puts(f) && !takes(f)) return misfit(index, "enqueue and dequeue, push and pop");
    const auto place = static_cast<std::uint32_t>(part.operations.size());
    if (puts(f)) {
      if (change(part, index, {Kind::insert, number(operation.input), 0, 0})) put.push_back(place);
    } else if (found_nothing(history_, operation)) {
      part.operations.push_back(placed(operation, index, true, {Kind::lacks, 0, 0, 0}));
      part.empties.push_back({operation.begin, operation.end, index});
      ++out_.sights;
    } else if (operation.outcome == record::Outcome::ok) {
      sight(part, index, {Kind::remove, number(operation.output), 0, 0});
      taken.push_back(place);
    } else if (change(part, index, {Kind::remove_any, 0, 0, 0})) {
      part.unknown_takes = true;
    }
  }
  const bool last_first = rule == LinearPart::Rule::stack;
  part.machine = [last_first] { return last_first ? make_stack() : make_queue(); };
  pair_up(part, rule, put, taken);
  out_.parts.push_back(std::move(part));
}

/// Puts and takes of one value together; where a value was put twice a search must decide.
void PartBuilder::pair_up(LinearPart& part, LinearPart::Rule rule, std::span<const std::uint32_t> put,
                          std::span<const std::uint32_t> taken) {
  std::unordered_map<std::uint32_t, std::size_t> places;
  bool twice = false;
  for (const std::uint32_t position : put) {
    const SearchOperation& one = part.operations[position];
    const auto [place, fresh] = places.try_emplace(one.operation.a, part.values.size());
    if (!fresh) twice = true;
    ContainedValue value{one.begin, one.must_happen ? one.end : never, never, never, one.index, ContainedValue::nobody};
    if (fresh) part.values.push_back(value);
  }
  for (const std::uint32_t position : taken) {
    const SearchOperation& one = part.operations[position];
    const auto place = places.find(one.operation.a);
    if (place == places.end()) {
      part.impossible = {one.index};
      part.why_impossible = "Nobody ever put in what was taken out.";
      return;
    }
    ContainedValue& value = part.values[place->second];
    if (value.take != ContainedValue::nobody && !twice) {
      part.impossible = {value.put, value.take, one.index};
      part.why_impossible = "It was put in once and taken out twice.";
      return;
    }
    value.take = one.index;
    value.take_begin = one.begin;
    value.take_end = one.end;
  }
  if (twice && rule != LinearPart::Rule::bag) return;
  part.rule = rule;
  std::erase_if(part.values, [](const ContainedValue& value) {
    return value.put_end == never && value.take == ContainedValue::nobody;
  });
}

}  // namespace withstand::check
