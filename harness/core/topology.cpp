#include "core/topology.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "spec/names.hpp"

namespace withstand::core {
namespace {

/// 198.18.0.0/15 is set aside for benchmarks of network devices (RFC 2544, RFC 5735); fd57:7374::/64 is a unique local
/// prefix (RFC 4193). The first address goes to node 0; 131 000 nodes fit.
std::string address_of(NodeId id) {
  const std::uint32_t host = id / 254 * 256 + id % 254 + 1;  // no .0 and no .255
  return fmt::format("198.{}.{}.{}", 18 + (host >> 16), (host >> 8) & 0xff, host & 0xff);
}

std::string address6_of(NodeId id) { return fmt::format("fd57:7374::{:x}", id + 1); }

}  // namespace

Topology::Topology(const spec::Experiment& experiment, const std::map<std::string, std::string>& addresses)
    : Topology(experiment) {
  if (experiment.target.attached.empty()) return;
  for (auto& node : nodes_) {
    const auto known = addresses.find(node.name);
    if (known != addresses.end()) node.address = known->second;
  }
}

Topology::Topology(const spec::Experiment& experiment) {
  const auto& attached = experiment.target.attached;
  const auto add = [this, &attached](NodeInfo node) {
    node.id = static_cast<NodeId>(nodes_.size());
    if (attached.empty()) {
      node.address = address_of(node.id);
      node.address6 = address6_of(node.id);
    } else if (!node.client) {
      node.attached = true;
      node.address = attached.at(node.id).address;
    }
    nodes_.push_back(std::move(node));
  };
  for (const auto& named : spec::node_names(experiment.target, experiment.nodes)) {
    const auto kind = std::find_if(experiment.target.kinds.begin(), experiment.target.kinds.end(),
                                   [&](const spec::NodeKind& one) { return one.name == named.kind; });
    NodeInfo node;
    node.name = named.name;
    node.kind = named.kind;
    node.index = named.index;
    node.ports = kind->ports;
    node.first_port = kind->port_order.empty() ? 0 : kind->ports.at(kind->port_order.front());
    node.serves_clients = kind->serves_clients;
    add(std::move(node));
  }
  std::int64_t index = 0;
  for (const auto& name : spec::client_names(experiment.load ? experiment.load->clients : 1)) {
    NodeInfo node;
    node.name = name;
    node.kind = "client";
    node.index = ++index;
    node.client = true;
    add(std::move(node));
  }
}

const NodeInfo* Topology::find(std::string_view name) const {
  const auto it = std::find_if(nodes_.begin(), nodes_.end(), [&](const NodeInfo& node) { return node.name == name; });
  return it == nodes_.end() ? nullptr : &*it;
}

namespace {
template <class Predicate>
std::vector<NodeId> ids(const std::vector<NodeInfo>& nodes, Predicate predicate) {
  std::vector<NodeId> found;
  for (const auto& node : nodes)
    if (predicate(node)) found.push_back(node.id);
  return found;
}
}  // namespace

std::vector<NodeId> Topology::of_kind(std::string_view kind) const {
  return ids(nodes_, [&](const NodeInfo& node) { return node.kind == kind; });
}
std::vector<NodeId> Topology::targets() const {
  return ids(nodes_, [](const NodeInfo& node) { return !node.client; });
}
std::vector<NodeId> Topology::clients() const {
  return ids(nodes_, [](const NodeInfo& node) { return node.client; });
}

}  // namespace withstand::core
