#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "core/fault.hpp"
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
  if (asks || kind.schema().targeting == spec::Targeting::nodes) return std::nullopt;
  if (!kind.links(fault, topology, seed, {on, links_between(from, to)}).empty()) return std::nullopt;
  return Objection{fault.to ? "to" : "on", {"there is no link between the nodes it names", ""}};
}

}  // namespace

std::vector<Objection> Catalog::misfits(const spec::FaultSpec& fault_spec, const spec::Experiment& experiment) const {
  const Fault* kind = fault(fault_spec.kind);
  if (kind == nullptr) return {};
  const Topology topology(experiment);
  std::optional<Objection> last;
  for (std::uint64_t seed = 1; seed <= seeds_tried; ++seed) {
    try {
      last = misfit(*kind, fault_spec, topology, seed);
    } catch (const CannotAim& error) {
      last = Objection{error.parameter(), {error.what(), ""}};
    }
    if (!last) return {};
  }
  return {*last};
}

}  // namespace withstand::core
