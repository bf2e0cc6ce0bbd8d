#include "network/shapes.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "core/draw.hpp"
#include "core/fault.hpp"
#include "core/selection.hpp"

namespace withstand::faults {

using core::Link;
using core::NodeId;
using Nodes = std::vector<NodeId>;

namespace {

core::CannotAim impossible(const std::string& why) { return core::CannotAim(why, "shape"); }

Nodes without(const Nodes& nodes, const Nodes& removed) {
  Nodes rest;
  for (const NodeId node : nodes)
    if (std::find(removed.begin(), removed.end(), node) == removed.end()) rest.push_back(node);
  return rest;
}

std::vector<Link> cut(const Nodes& left, const Nodes& right) {
  std::set<Link> links;
  for (const auto& link : core::links_between(left, right)) links.insert(link);
  for (const auto& link : core::links_between(right, left)) links.insert(link);
  return {links.begin(), links.end()};
}

/// A group of `size` nodes that holds those named, filled up by draws.
Nodes group_of(const ShapeRequest& request, std::size_t size) {
  Nodes group = request.on;
  if (group.size() > size)
    throw impossible("shape '" + request.shape + "' has room for " + std::to_string(size) + " of " +
                     std::to_string(request.nodes.size()) + " nodes, but 'on' names more");
  for (const NodeId node : core::shuffled(without(request.nodes, request.on), request.seed, request.fault, "shape")) {
    if (group.size() == size) break;
    group.push_back(node);
  }
  return group;
}

/// Each node named is cut off from everybody, the other named ones included.
std::vector<Link> isolate(const ShapeRequest& request) {
  if (request.on.empty()) throw impossible("shape '" + request.shape + "' needs 'on'");
  return cut(request.on, request.nodes);
}

/// Every node hears a majority, itself included, and no two hear the same one: in a ring drawn from the seed, node i
/// hears the nodes around it only. With an even majority (2 of 3) the ring cannot be symmetric: each hears its
/// successor. After Jepsen's shape of this name.
std::vector<Link> majorities_ring(const ShapeRequest& request) {
  const Nodes ring = core::shuffled(request.nodes, request.seed, request.fault, "shape");
  const auto count = ring.size();
  if (count < 3) throw impossible("shape 'majorities-ring' needs three nodes or more");
  const std::size_t majority = core::majority_size(count);
  const std::size_t before = (majority - 1) / 2;
  std::set<Link> refused;
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t step = majority; step < count; ++step)
      refused.insert({ring[(i + count - before + step) % count], ring[i]});
  return {refused.begin(), refused.end()};
}

std::vector<Link> asymmetric(const ShapeRequest& request) {
  if (request.on.empty()) throw impossible("shape 'asymmetric' needs 'on'");
  const Nodes others = without(request.nodes, request.on);
  return request.direction == "in" ? core::links_between(others, request.on) : core::links_between(request.on, others);
}

/// Two halves that lose each other, and one node, the first in `on` or drawn, that keeps both. After Jepsen's shape of
/// this name.
std::vector<Link> bridge(const ShapeRequest& request) {
  if (request.nodes.size() < 3) throw impossible("shape 'bridge' needs three nodes or more");
  if (request.on.size() > 1) throw impossible("shape 'bridge' has room for one node, but 'on' names more");
  const NodeId middle = request.on.empty()
                            ? core::shuffled(request.nodes, request.seed, request.fault, "bridge").front()
                            : request.on.front();
  const Nodes sides = core::shuffled(without(request.nodes, {middle}), request.seed, request.fault, "shape");
  const auto half = sides.begin() + static_cast<std::ptrdiff_t>(sides.size() / 2);
  return cut(Nodes(sides.begin(), half), Nodes(half, sides.end()));
}

/// So many groups, none of them empty, to which nodes are dealt by chance.
std::vector<Link> split(const ShapeRequest& request) {
  if (request.parts < 2 || request.parts > request.nodes.size())
    throw impossible("shape 'split' cannot make " + std::to_string(request.parts) + " groups of " +
                     std::to_string(request.nodes.size()) + " nodes");
  const Nodes dealt = core::shuffled(request.nodes, request.seed, request.fault, "shape");
  const auto draws = core::draw_stream(request.seed, request.fault, "", "split");
  std::vector<Nodes> groups(request.parts);
  for (std::size_t i = 0; i < dealt.size(); ++i)
    groups[i < request.parts ? i : draws.below(i, request.parts)].push_back(dealt[i]);
  return group_links(groups);
}

}  // namespace

std::vector<std::string> shape_names() {
  return {"isolate", "minority", "minority-third", "majority", "majorities-ring",
          "halves",  "bridge",   "primaries",      "split",    "asymmetric"};
}

std::vector<Link> shape_links(const ShapeRequest& request) {
  const std::size_t count = request.nodes.size();
  // Each node that holds the role is alone, whoever else holds it; so a new primary may arise beside the old one.
  if (request.shape == "isolate" || request.shape == "primaries") return isolate(request);
  if (request.shape == "bridge") return bridge(request);
  if (request.shape == "split") return split(request);
  if (request.shape == "majorities-ring") return majorities_ring(request);
  if (request.shape == "asymmetric") return asymmetric(request);
  std::size_t size = 0;
  if (request.shape == "minority")
    size = core::minority_size(count);
  else if (request.shape == "minority-third")
    size = count > 0 ? (count - 1) / 3 : 0;  // what a Byzantine majority can lose: fewer than a third
  else if (request.shape == "majority")
    size = core::majority_size(count);
  else if (request.shape == "halves")
    size = std::max(count / 2, std::min(request.on.size(), (count + 1) / 2));
  else
    throw std::invalid_argument("unknown shape '" + request.shape + "'");
  if (size == 0) throw impossible("shape '" + request.shape + "' cuts off none of " + std::to_string(count) + " nodes");
  const Nodes group = group_of(request, size);
  return cut(group, without(request.nodes, group));
}

std::vector<Link> group_links(const std::vector<Nodes>& groups) {
  std::set<Link> links;
  for (std::size_t i = 0; i < groups.size(); ++i)
    for (std::size_t j = i + 1; j < groups.size(); ++j)
      for (const auto& link : cut(groups[i], groups[j])) links.insert(link);
  return {links.begin(), links.end()};
}

}  // namespace withstand::faults
