#include "core/selection.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "core/draw.hpp"
#include "spec/names.hpp"

namespace withstand::core {

std::size_t minority_size(std::size_t count) {
  return static_cast<std::size_t>(spec::minority_of(static_cast<std::int64_t>(count)));
}
std::size_t majority_size(std::size_t count) {
  return static_cast<std::size_t>(spec::majority_of(static_cast<std::int64_t>(count)));
}

std::vector<NodeId> shuffled(std::vector<NodeId> nodes, std::uint64_t seed, std::string_view fault,
                             std::string_view purpose) {
  const DrawStream stream = draw_stream(seed, fault, "nodes", purpose);
  std::sort(nodes.begin(), nodes.end(), [&](NodeId a, NodeId b) {
    const auto left = stream.bits(a), right = stream.bits(b);
    return left != right ? left < right : a < b;
  });
  return nodes;
}

namespace {

/// "all", "any", "minority", "majority" of some nodes; nothing when `what` is none of these.
std::optional<std::vector<NodeId>> quantified(std::string_view what, const std::vector<NodeId>& nodes,
                                              std::uint64_t seed, std::string_view fault, std::string_view purpose) {
  std::size_t take = 0;
  if (what == "all") return nodes;
  if (what == "any")
    take = std::min<std::size_t>(1, nodes.size());
  else if (what == "minority")
    take = minority_size(nodes.size());
  else if (what == "majority")
    take = std::min(majority_size(nodes.size()), nodes.size());
  else
    return std::nullopt;
  auto order = shuffled(nodes, seed, fault, purpose);
  order.resize(take);
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace

Selection select(const spec::Selector& selector, const Topology& topology, std::uint64_t seed, std::string_view fault,
                 std::string_view purpose) {
  const std::string& text = selector.text;
  if (const NodeInfo* node = topology.find(text)) return {text, {node->id}, {}};
  if (const auto nodes = quantified(text, topology.targets(), seed, fault, purpose)) return {text, *nodes, {}};
  const auto colon = text.find(':');
  const std::string kind = text.substr(0, colon);
  const auto members = topology.of_kind(kind);
  if (members.empty()) throw std::invalid_argument("no node and no kind is named '" + kind + "'");
  if (colon == std::string::npos) return {text, members, {}};
  const std::string what = text.substr(colon + 1);
  if (const auto nodes = quantified(what, members, seed, fault, purpose)) return {text, *nodes, {}};
  return {text, {}, Selection::Role{kind, what}};
}

std::vector<Link> links_between(const std::vector<NodeId>& from, const std::vector<NodeId>& to) {
  std::set<Link> links;
  for (const NodeId a : from)
    for (const NodeId b : to)
      if (a != b) links.insert({a, b});
  return {links.begin(), links.end()};
}

}  // namespace withstand::core
