#include "network/shapes.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include "core/selection.hpp"

namespace withstand::faults {

using core::Link;
using core::NodeId;
using Nodes = std::vector<NodeId>;

namespace {

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
    throw std::invalid_argument("shape '" + request.shape + "' has room for " + std::to_string(size) + " of " +
                                std::to_string(request.nodes.size()) + " nodes, but 'on' names more");
  for (const NodeId node : core::shuffled(without(request.nodes, request.on), request.seed, request.fault, "shape")) {
    if (group.size() == size) break;
    group.push_back(node);
  }
  return group;
}

/// Each node named is cut off from everybody, the other named ones included.
std::vector<Link> isolate(const ShapeRequest& request) {
  if (request.on.empty()) throw std::invalid_argument("shape 'isolate' needs 'on'");
  return cut(request.on, request.nodes);
}

/// Every node hears a majority, itself included, and no two hear the same one: in a ring drawn from the seed, node i
/// hears the nodes around it only. With an even majority (2 of 3) the ring cannot be symmetric: each hears its
/// successor. After Jepsen's shape of this name.
std::vector<Link> majorities_ring(const ShapeRequest& request) {
  const Nodes ring = core::shuffled(request.nodes, request.seed, request.fault, "shape");
  const auto count = ring.size();
  if (count < 3) throw std::invalid_argument("shape 'majorities-ring' needs three nodes or more");
  const std::size_t majority = core::majority_size(count);
  const std::size_t before = (majority - 1) / 2;
  std::set<Link> refused;
  for (std::size_t i = 0; i < count; ++i)
    for (std::size_t step = majority; step < count; ++step)
      refused.insert({ring[(i + count - before + step) % count], ring[i]});
  return {refused.begin(), refused.end()};
}

std::vector<Link> asymmetric(const ShapeRequest& request) {
  if (request.on.empty()) throw std::invalid_argument("shape 'asymmetric' needs 'on'");
  const Nodes others = without(request.nodes, request.on);
  return request.direction == "in" ? core::links_between(others, request.on) : core::links_between(request.on, others);
}

}  // namespace

std::vector<std::string> shape_names() {
  return {"isolate", "minority", "majority", "majorities-ring", "halves", "asymmetric"};
}

std::vector<Link> shape_links(const ShapeRequest& request) {
  const std::size_t count = request.nodes.size();
  if (request.shape == "isolate") return isolate(request);
  if (request.shape == "majorities-ring") return majorities_ring(request);
  if (request.shape == "asymmetric") return asymmetric(request);
  std::size_t size = 0;
  if (request.shape == "minority")
    size = core::minority_size(count);
  else if (request.shape == "majority")
    size = core::majority_size(count);
  else if (request.shape == "halves")
    size = std::max(count / 2, std::min(request.on.size(), (count + 1) / 2));
  else
    throw std::invalid_argument("unknown shape '" + request.shape + "'");
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
