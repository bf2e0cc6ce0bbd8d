#include <fmt/format.h>

#include "spec/limits.hpp"
#include "spec/read/scope.hpp"

namespace withstand::spec {
namespace {

const FaultSpec* fault_named(const Experiment& experiment, const std::string& name) {
  for (const FaultSpec& fault : experiment.faults) {
    if (fault.name == name) return &fault;
  }
  return nullptr;
}

const Item* base_item(const Item& table) {
  const Entry* when = find_entry(table, "when");
  const Entry* fault = when == nullptr ? nullptr : find_entry(when->value, "fault");
  return fault == nullptr ? nullptr : &fault->value;
}

void check_base(const FaultSpec& fault, const Item& table, Scope& scope) {
  const Item* base = base_item(table);
  if (base == nullptr || base->type != Item::Type::text || fault_named(scope.experiment, fault.trigger.fault)) return;
  std::vector<std::string> names;
  for (const FaultSpec& other : scope.experiment.faults) {
    if (&other != &fault) names.push_back(other.name);
  }
  scope.report.error(*base, fmt::format("there is no fault '{}'", fault.trigger.fault),
                     suggestion(fault.trigger.fault, names, "faults"));
}

/// Reported once, at the first fault of the circle.
void check_circle(std::size_t index, const Item& table, Scope& scope) {
  const std::vector<FaultSpec>& faults = scope.experiment.faults;
  std::string path = faults[index].name;
  const FaultSpec* at = &faults[index];
  for (std::size_t steps = 0; steps < faults.size(); ++steps) {
    if (at->trigger.kind != Trigger::Kind::fault) return;
    const FaultSpec* next = fault_named(scope.experiment, at->trigger.fault);
    if (next == nullptr || next < &faults[index]) return;
    path += " after " + next->name;
    if (next == &faults[index]) {
      const Item* base = base_item(table);
      scope.report.error(base == nullptr ? table : *base, "faults wait for each other and none ever starts: " + path);
      return;
    }
    at = next;
  }
}

const Item& place(const Item& table, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    if (const Entry* entry = find_entry(table, key)) return entry->value;
  }
  return table;
}

void check_timing(const FaultSpec& fault, const Item& table, Scope& scope) {
  const KindSchema* schema = scope.kinds.find(fault.kind);
  if (schema == nullptr) return;
  const Duration during = scope.experiment.phases.during;
  const std::optional<Duration> start = planned_start(scope.experiment, fault);
  if (start && *start >= during) {
    scope.report.error(place(table, {"at", "when"}),
                       fmt::format("fault '{}' would start {} into `during`, which lasts {}", fault.name,
                                   to_text(*start), to_text(during)),
                       "start it earlier, or make [phases] during longer");
    return;
  }
  const std::optional<Duration> length = planned_length(fault, *schema);
  const Duration from = start.value_or(Duration::zero());
  if (!length || *length <= during - from) return;
  const bool back = !fault.lasts && !schema->back_after.empty();
  const std::string_view key = back ? std::string_view(schema->back_after) : "for";
  scope.report.error(place(table, {key}),
                     fmt::format("fault '{}' starts at {} and ends {} later, beyond `during`, which lasts {}",
                                 fault.name, to_text(from), to_text(*length), to_text(during)),
                     !back ? "leave 'for' out to end with `during`"
                     : schema->downtime
                         ? "start it earlier, or make during longer: it may take " + schema->downtime(fault).made_of
                         : "");
}

}  // namespace

void check_triggers(const FaultTables& tables, Scope& scope) {
  for (std::size_t i = 0; i < tables.size(); ++i) {
    check_base(scope.experiment.faults[i], *tables[i], scope);
    check_circle(i, *tables[i], scope);
    check_timing(scope.experiment.faults[i], *tables[i], scope);
  }
}

}  // namespace withstand::spec
