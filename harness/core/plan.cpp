#include "core/plan.hpp"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/objections.hpp"
#include "spec/limits.hpp"
#include "spec/signals.hpp"

namespace withstand::core {
namespace {

using spec::Duration;

/// A fault that waits for another starts when that one does, plus its offset; events cannot be told beforehand.
std::optional<Duration> static_start(const spec::FaultSpec& fault, const spec::Experiment& experiment, int depth = 0) {
  if (fault.trigger.kind == spec::Trigger::Kind::at) return fault.trigger.offset;
  if (fault.trigger.kind != spec::Trigger::Kind::fault || depth > 1000) return std::nullopt;
  for (const auto& other : experiment.faults) {
    if (other.name != fault.trigger.fault) continue;
    const auto start = static_start(other, experiment, depth + 1);
    if (start) return *start + fault.trigger.offset;
  }
  return std::nullopt;
}

std::string names(const std::vector<NodeId>& nodes, const Topology& topology) {
  std::vector<std::string> texts;
  for (const NodeId id : nodes) texts.push_back(topology.at(id).name);
  return fmt::format("{}", fmt::join(texts, " "));
}

std::string describe(const std::optional<Selection>& selection, const Topology& topology) {
  if (!selection) return {};
  if (selection->role) return selection->text + " (asked when it starts)";
  const std::string resolved = names(selection->nodes, topology);
  return resolved == selection->text ? resolved : fmt::format("{} = {}", selection->text, resolved);
}

/// How long it lasts, in words: what is not undone during the run is said to be so.
std::string until(const PlannedInjection& injection, const spec::KindSchema* schema) {
  if (injection.lasts) return "for " + spec::to_text(*injection.lasts);
  if (schema == nullptr || schema->lasts) return "until during ends";
  if (spec::stays_down(*injection.fault, *schema)) return "not reverted: down until the run ends";
  const auto length = spec::planned_length(*injection.fault, *schema);
  return length && length->count() > 0 ? fmt::format("back after {}", spec::to_text(*length)) : "at once";
}

/// What the file gives, and the defaults that say something of this fault.
std::string describe_parameters(const spec::FaultSpec& fault, const spec::KindSchema* schema) {
  std::string text;
  for (const auto& [name, value] : fault.parameters) {
    const spec::Parameter* known = nullptr;
    if (schema != nullptr)
      for (const auto& parameter : schema->parameters)
        if (parameter.name == name) known = &parameter;
    if (known != nullptr && !fault.given.contains(name) && known->default_matters && !known->default_matters(fault))
      continue;
    text += fmt::format("             {} = {}\n", name, known != nullptr ? to_text(value, *known) : to_text(value));
  }
  return text;
}

std::string describe(const PlannedInjection& injection, const Topology& topology, const Catalog& catalog,
                     std::uint64_t seed) {
  const auto& fault = *injection.fault;
  const std::string start = injection.start ? "+" + spec::to_text(*injection.start) : to_text(fault.trigger);
  const spec::KindSchema* schema = catalog.find(fault.kind);
  std::string text = fmt::format("  {:<10} {}  {}  {}\n", start, fault.name, fault.kind, until(injection, schema));
  if (injection.on) text += fmt::format("             on {}\n", describe(injection.on, topology));
  if (injection.from)
    text += fmt::format("             from {} to {}\n", describe(injection.from, topology),
                        describe(injection.to, topology));
  text += describe_parameters(fault, schema);
  const Fault* kind = catalog.fault(fault.kind);
  if (kind == nullptr || needs_asking(injection)) return text;
  try {
    std::vector<std::string> links;
    for (const auto& link : kind->links(fault, topology, seed, static_aim(injection)))
      links.push_back(to_text(link, topology));
    const bool redrawn = fault.parameters.contains("redraw");
    if (!links.empty())
      text += fmt::format("             links {}{}\n", fmt::join(links, " "), redrawn ? " (the first draw)" : "");
  } catch (const CannotAim& error) {
    text += fmt::format("             hits nobody with this seed: {}\n", error.what());
  }
  return text;
}

std::string describe_pace(const spec::LoadSpec& load) {
  if (load.users > 0)
    return fmt::format("by {} users in a closed loop, thinking {} in the mean", load.users, spec::to_text(load.think));
  if (!load.shape.trace.empty()) return fmt::format("at the times of {}", load.shape.trace);
  std::string text = "at " + spec::to_text(load.rate);
  if (const auto& ramp = load.shape.ramp)
    text += fmt::format(" rising to {} over {}{}", spec::to_text(ramp->to), spec::to_text(ramp->over),
                        ramp->each_phase ? " in each phase" : "");
  if (const auto& sine = load.shape.sine)
    text += fmt::format(" swinging by {} every {}", spec::to_text(sine->swing), spec::to_text(sine->period));
  for (const auto& step : load.shape.steps)
    text += fmt::format(", {} for {}", spec::to_text(step.rate), spec::to_text(step.lasting));
  return text + (load.arrival == "poisson" ? " (Poisson)" : "");
}

std::string describe_popularity(const spec::LoadSpec& load) {
  if (load.popularity.zipf > 0) return fmt::format(" by Zipf's law {}", load.popularity.zipf);
  if (load.popularity.hot_keys.ppb == 0) return "";
  return fmt::format(" of which {} take {}", spec::to_text(load.popularity.hot_keys),
                     spec::to_text(load.popularity.hot_share));
}

std::string describe_load(const spec::LoadSpec& load) {
  std::vector<std::string> mix;
  for (const auto& [op, weight] : load.mix) mix.push_back(fmt::format("{} {}", op, weight));
  return fmt::format("load: {} {}, {} keys{}, timeout {}, {} client{}{}\n", load.workload, describe_pace(load),
                     load.keys, describe_popularity(load), spec::to_text(load.timeout), load.clients,
                     load.clients == 1 ? "" : "s", mix.empty() ? "" : fmt::format(", mix {}", fmt::join(mix, " / ")));
}

/// Of an attached node what the file says: its addresses are asked for when a run begins.
std::string describe_place(const NodeInfo& node, const spec::Experiment& experiment) {
  if (experiment.target.attached.empty()) return fmt::format("{:<15} {}", node.address, node.address6);
  if (node.client) return "in the harness's own network";
  const auto& attached = experiment.target.attached.at(node.id);
  return fmt::format("{} in {}{}", attached.interface, attached.network,
                     attached.address.empty() ? "" : ", " + attached.address);
}

std::string describe_nodes(const spec::Experiment& experiment, const Topology& topology) {
  std::string text = fmt::format("target {}\n", experiment.target.name);
  for (const auto& node : topology.nodes())
    text += fmt::format("  {:<14} {}\n", node.name, describe_place(node, experiment));
  return text;
}

std::string describe_probes(const spec::Experiment& experiment) {
  constexpr const char* sources[] = {"http", "tcp", "command", "log", "prometheus"};
  std::string text;
  for (const auto& probe : experiment.probes) {
    text += fmt::format("  {:<10} {} {}", probe.name, sources[static_cast<int>(probe.source)], probe.text);
    if (probe.on) text += fmt::format(", on {}", probe.on->text);
    if (probe.source != spec::ProbeSpec::Source::log)
      text += fmt::format(", every {}, timeout {}", spec::to_text(probe.every), spec::to_text(probe.timeout));
    text += "\n";
  }
  return text.empty() ? "" : "\nprobes:\n" + text;
}

std::string describe_stops(const spec::Experiment& experiment) {
  std::string text;
  for (const auto& stop : experiment.stop)
    text += fmt::format("  {} for {}\n", stop.when.text, spec::to_text(stop.lasting));
  return text.empty() ? "" : "\nthe run stops early when:\n" + text;
}

std::string describe_expectations(const spec::Experiment& experiment) {
  std::string expected;
  const auto list = [&](const char* phase, const std::vector<spec::Threshold>& thresholds) {
    for (const auto& threshold : thresholds) expected += fmt::format("  {}: {}\n", phase, threshold.text);
  };
  list("before", experiment.expect.before);
  list("during", experiment.expect.during);
  list("after", experiment.expect.after);
  for (const auto& check : experiment.expect.checks) expected += fmt::format("  check: {}\n", check);
  for (const auto& name : experiment.expected.fails) expected += fmt::format("  meant to fail: {}\n", name);
  const std::string text = expected.empty() ? "" : "\nexpectations:\n" + expected;
  if (spec::expects_something(experiment)) return text;
  return text + fmt::format("\nthe experiment expects nothing of the target{}: a run of it is inconclusive at best\n",
                            expected.empty() ? "" : " once its faults begin");
}

struct ValueText {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return fmt::format("{}", value); }
  std::string operator()(const std::string& value) const { return fmt::format("\"{}\"", value); }
  std::string operator()(const spec::TextList& value) const {
    return fmt::format("[\"{}\"]", fmt::join(value, "\", \""));
  }
  std::string operator()(const spec::GroupList& value) const {
    std::vector<std::string> groups;
    for (const auto& group : value) groups.push_back((*this)(group));
    return fmt::format("[{}]", fmt::join(groups, ", "));
  }
  template <class Quantity>
  std::string operator()(const Quantity& value) const {
    return fmt::format("\"{}\"", spec::to_text(value));
  }
};

}  // namespace

bool needs_asking(const PlannedInjection& injection) {
  for (const auto* selection : {&injection.on, &injection.from, &injection.to})
    if (*selection && (*selection)->role) return true;
  return false;
}

std::string to_text(const spec::Value& value) { return std::visit(ValueText{}, value); }

std::string to_text(const spec::Value& value, const spec::Parameter& parameter) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (parameter.type == spec::ValueType::signal && number != nullptr)
    return spec::signal_name(static_cast<int>(*number));
  return to_text(value);
}

std::string to_text(const Link& link, const Topology& topology) {
  return topology.at(link.from).name + "→" + topology.at(link.to).name;
}

std::string to_text(const spec::Trigger& trigger) {
  const std::string after = trigger.offset.count() == 0 ? "at" : spec::to_text(trigger.offset) + " after";
  const std::string where = trigger.on ? " on " + trigger.on->text : "";
  switch (trigger.kind) {
    case spec::Trigger::Kind::at:
      return "+" + spec::to_text(trigger.offset);
    case spec::Trigger::Kind::fault:
      return fmt::format("{} fault '{}'", after, trigger.fault);
    case spec::Trigger::Kind::log:
      return fmt::format("{} a log line matching /{}/{}", after, trigger.pattern, where);
    case spec::Trigger::Kind::role:
      return fmt::format("{} a change of {}{}", after, trigger.role, where);
  }
  return {};
}

Plan make_plan(const spec::Experiment& experiment, const Topology& topology, std::uint64_t seed) {
  Plan plan;
  plan.seed = seed;
  plan.limits = experiment.limits;
  for (const auto& fault : experiment.faults) {
    PlannedInjection planned;
    planned.fault = &fault;
    if (fault.on) planned.on = select(*fault.on, topology, seed, fault.name, "on");
    if (fault.from) planned.from = select(*fault.from, topology, seed, fault.name, "from");
    if (fault.to) planned.to = select(*fault.to, topology, seed, fault.name, "to");
    planned.start = static_start(fault, experiment);
    planned.lasts = fault.lasts;
    plan.injections.push_back(std::move(planned));
  }
  std::stable_sort(plan.injections.begin(), plan.injections.end(), [](const auto& a, const auto& b) {
    return a.start.value_or(Duration::max()) < b.start.value_or(Duration::max());
  });
  return plan;
}

std::vector<spec::Diagnostic> limit_violations(const Plan& plan, const spec::Experiment& experiment,
                                               const Topology& topology, const Catalog& catalog) {
  return spec::limit_violations(experiment, catalog, [&](const spec::FaultSpec& fault) {
    std::optional<std::set<std::string>> names;
    for (const PlannedInjection& injection : plan.injections) {
      if (injection.fault != &fault || !injection.on || injection.on->role) continue;
      names.emplace();
      for (const NodeId node : injection.on->nodes) names->insert(topology.at(node).name);
    }
    return names;
  });
}

Aim static_aim(const PlannedInjection& injection) {
  Aim aim;
  if (injection.on) aim.on = injection.on->nodes;
  if (injection.from && injection.to) aim.links = links_between(injection.from->nodes, injection.to->nodes);
  return aim;
}

std::string to_text(const Plan& plan, const spec::Experiment& experiment, const Topology& topology,
                    const Catalog& catalog) {
  std::string text = fmt::format("{}\nseed {}\n\n", experiment.title, plan.seed);
  text += describe_nodes(experiment, topology);
  const auto& phases = experiment.phases;
  text += fmt::format("\nphases: warm-up {}, before {}, during {}, after {}\n", spec::to_text(phases.warm_up),
                      spec::to_text(phases.before), spec::to_text(phases.during), spec::to_text(phases.after));
  if (experiment.load) text += describe_load(*experiment.load);
  if (experiment.capture)
    text += fmt::format("capture: every packet of every link, {} of each, {} in all\n",
                        spec::to_text(experiment.capture->snap), spec::to_text(experiment.capture->limit));
  text += plan.injections.empty() ? "no faults\n" : "\nfaults, from the start of during:\n";
  for (const auto& injection : plan.injections) text += describe(injection, topology, catalog, plan.seed);
  return text + describe_probes(experiment) + describe_stops(experiment) + describe_expectations(experiment);
}

}  // namespace withstand::core
