#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/fault.hpp"
#include "core/objections.hpp"
#include "core/selection.hpp"

namespace withstand::core {
namespace {

using Objection = spec::KindTable::Objection;

/// What is drawn may fit with one seed and not with another: an aim that fits with one of so many is let pass.
constexpr std::uint64_t seeds_tried = 16;

std::optional<Objection> misfit(const Fault& kind, const spec::FaultSpec& fault, const Topology& topology,
                                std::uint64_t seed) {
  std::vector<NodeId> on, from, to;
  bool asks = false;
  const auto pick = [&](const std::optional<spec::Selector>& selector, const char* key,
                        std::vector<NodeId>& into) -> std::optional<Objection> {
    if (!selector) return std::nullopt;
    const Selection selection = select(*selector, topology, seed, fault.name, key);
    if (selection.role) {
      asks = true;
      return std::nullopt;
    }
    into = selection.nodes;
    if (!into.empty()) return std::nullopt;
    return Objection{key, {fmt::format("'{}' is none of the nodes there are", selector->text), ""}};
  };
  if (auto nobody = pick(fault.on, "on", on)) return nobody;
  if (auto nobody = pick(fault.from, "from", from)) return nobody;
  if (auto nobody = pick(fault.to, "to", to)) return nobody;
  const auto targets = topology.targets();
  const bool a_client = std::any_of(on.begin(), on.end(), [&](NodeId node) {
    return std::find(targets.begin(), targets.end(), node) == targets.end();
  });
  if (a_client && kind.schema().targeting == spec::Targeting::nodes)
    return Objection{"on",
                     {fmt::format("'{}' has no process of the target", fault.on->text),
                      "a client is part of the harness: only links to and from it can be impaired"}};
  if (kind.schema().targeting == spec::Targeting::nodes) {
    static_cast<void>(kind.links(fault, topology, seed, {on, {}}));  // what else of nodes its parameters name
    return std::nullopt;
  }
  if (asks) return std::nullopt;
  if (!kind.links(fault, topology, seed, {on, links_between(from, to)}).empty()) return std::nullopt;
  return Objection{fault.to ? "to" : "on", {"there is no link between the nodes it names", ""}};
}

std::optional<Objection> misfit_or_none(const Fault& kind, const spec::FaultSpec& fault, const Topology& topology,
                                        std::uint64_t seed) {
  try {
    return misfit(kind, fault, topology, seed);
  } catch (const CannotAim& error) {
    return Objection{error.parameter(), {error.what(), ""}};
  }
}

/// Where a key's value stands and how long it is: a selector's, or the fault's header.
std::pair<spec::Position, int> place_of(const spec::FaultSpec& fault, const std::string& key) {
  constexpr int header_length = 9;  // of "[[fault]]"
  for (const auto& [name, selector] : {std::pair("on", &fault.on), {"from", &fault.from}, {"to", &fault.to}})
    if (key == name && *selector) return {(*selector)->at, static_cast<int>((*selector)->text.size()) + 2};
  return {fault.at, header_length};
}

/// "from any = n2, to any = n2": what the seed has drawn.
std::string drawn(const spec::FaultSpec& fault, const Topology& topology, std::uint64_t seed) {
  std::vector<std::string> texts;
  for (const auto& [key, selector] : {std::pair("on", &fault.on), {"from", &fault.from}, {"to", &fault.to}}) {
    if (!*selector) continue;
    std::vector<std::string> names;
    for (const NodeId node : select(**selector, topology, seed, fault.name, key).nodes)
      names.push_back(topology.at(node).name);
    texts.push_back(fmt::format("{} {} = {}", key, (*selector)->text, fmt::join(names, " ")));
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// What attached nodes do not allow, saying which nodes they are.
std::vector<Objection> refused_by_attached(const Fault& kind, const spec::FaultSpec& fault,
                                           const spec::Target& target) {
  auto all = kind.objections_when_attached(fault);
  constexpr std::size_t most_named = 5;
  std::vector<std::string> names;
  for (const auto& node : target.attached)
    if (names.size() < most_named) names.push_back(node.name);
  const std::string more = target.attached.size() > most_named ? ", ..." : "";
  for (auto& each : all) each.complaint.message += fmt::format(" (attached: {}{})", fmt::join(names, ", "), more);
  return all;
}

}  // namespace

std::vector<spec::Diagnostic> misses(std::uint64_t seed, const spec::Experiment& experiment, const Topology& topology,
                                     const Catalog& catalog) {
  std::vector<spec::Diagnostic> found;
  for (const auto& fault : experiment.faults) {
    const Fault* kind = catalog.fault(fault.kind);
    const auto objection = kind == nullptr ? std::nullopt : misfit_or_none(*kind, fault, topology, seed);
    if (!objection) continue;
    const auto place = place_of(fault, objection->parameter);
    const std::string draws = drawn(fault, topology, seed);
    found.push_back(
        {experiment.file, place.first, place.second,
         fmt::format("with seed {}, fault '{}' hits nobody: {}", seed, fault.name, objection->complaint.message),
         draws.empty() ? "" : "the seed draws " + draws});
  }
  return found;
}

std::vector<Objection> Catalog::misfits(const spec::FaultSpec& fault_spec, const spec::Experiment& experiment) const {
  const Fault* kind = fault(fault_spec.kind);
  if (kind == nullptr) return {};
  if (!experiment.target.attached.empty())
    if (auto refused = refused_by_attached(*kind, fault_spec, experiment.target); !refused.empty()) return refused;
  const Topology topology(experiment);
  std::optional<Objection> last;
  for (std::uint64_t seed = 1; seed <= seeds_tried; ++seed) {
    last = misfit_or_none(*kind, fault_spec, topology, seed);
    if (!last) return {};
  }
  return {*last};
}

}  // namespace withstand::core
