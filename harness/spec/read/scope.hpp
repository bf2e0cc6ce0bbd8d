#pragma once

#include <map>
#include <string>

#include "spec/experiment.hpp"
#include "spec/parameter.hpp"
#include "spec/read/report.hpp"
#include "spec/read/table_reader.hpp"

namespace withstand::spec {

class TargetSource;

/// What the readers of an experiment's tables share. They run in this order: target, load, phases, probes, faults,
/// limits, stop, expect; each may look at what the ones before it have read.
struct Scope {
  Experiment& experiment;
  Report& report;
  const KindTable& kinds;
  /// False when the target could not be read: then nothing is said about names of nodes.
  bool target_known = false;
};

/// Reads a selector and reports one that names nothing.
std::optional<Selector> read_selector(TableReader& fields, std::string_view key, Scope& scope);
void check_selector(const Item& text, Scope& scope);
std::int64_t clients_of(const Experiment& experiment);

void read_load(TableReader& root, Scope& scope, const TargetSource& targets);
void read_probes(TableReader& root, Scope& scope);
void read_faults(TableReader& root, Scope& scope);
void read_stop(TableReader& root, Scope& scope);
void read_expect(TableReader& root, Scope& scope);
/// verdict, fails, may_fail: after everything that they name.
void read_verdict(TableReader& root, Scope& scope);

/// One parameter's value, or nothing when it was reported.
std::optional<Value> read_value(const Item& item, const Parameter& parameter, Scope& scope);

/// The tables of the faults, in the order of Experiment::faults, for messages that point into them.
using FaultTables = std::vector<const Item*>;
/// Whether the faults that others wait for exist, wait for each other, and end before `during` does.
void check_triggers(const FaultTables& tables, Scope& scope);

}  // namespace withstand::spec
