#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/fault.hpp"
#include "core/selection.hpp"
#include "spec/diagnostic.hpp"
#include "spec/experiment.hpp"

/// The concrete list of injections, fully determined by experiment and seed. Pure.
namespace withstand::core {

struct PlannedInjection {
  const spec::FaultSpec* fault = nullptr;  ///< into the experiment, which must outlive the plan
  std::optional<Selection> on, from, to;
  std::optional<spec::Duration> start;  ///< from the start of `during`; absent when an event decides
  std::optional<spec::Duration> lasts;  ///< absent: until the end of `during`
};

struct Plan {
  std::uint64_t seed = 0;
  spec::LimitsSpec limits;
  std::vector<PlannedInjection> injections;  ///< by start, then file order; event-triggered ones last
};

Plan make_plan(const spec::Experiment& experiment, const Topology& topology, std::uint64_t seed);

/// What `[limits]` forbids and these draws do: spec::limit_violations of the nodes that the seed has chosen.
std::vector<spec::Diagnostic> limit_violations(const Plan& plan, const spec::Experiment& experiment,
                                               const Topology& topology, const Catalog& catalog);

/// The aim as far as it is known before anything runs: roles give no nodes.
Aim static_aim(const PlannedInjection& injection);

/// What `withstand plan` prints: nodes, phases, load, injections with whom they hit and their parameters. The same
/// experiment and seed give the same bytes.
std::string to_text(const Plan& plan, const spec::Experiment& experiment, const Topology& topology,
                    const Catalog& catalog);

/// "5s", "2s after fault 'slow'", "a log line matching /.../ on n1", ...
std::string to_text(const spec::Trigger& trigger);
/// A parameter's value as the file would say it.
std::string to_text(const spec::Value& value);
/// The same as this parameter's: a signal by its name.
std::string to_text(const spec::Value& value, const spec::Parameter& parameter);
/// "n1→n2".
std::string to_text(const Link& link, const Topology& topology);

}  // namespace withstand::core
