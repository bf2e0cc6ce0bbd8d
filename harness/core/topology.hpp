#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/experiment.hpp"

namespace withstand::core {

/// Index of a node in its topology; clients come after the target's nodes.
using NodeId = std::uint32_t;

struct NodeInfo {
  NodeId id = 0;
  std::string name;        ///< "n1", "redis-2", "client"
  std::string kind;        ///< target.toml's kind; "client" for clients
  std::int64_t index = 1;  ///< within its kind, from 1
  bool client = false;
  std::string address;   ///< IPv4 from 198.18.0.0/15; of an attached node its own, empty while it is not known
  std::string address6;  ///< from the lab's fd00::/8 prefix; empty among attached nodes
  std::map<std::string, std::int64_t> ports;
  std::int64_t first_port = 0;  ///< {port}; 0 when the kind has none
  bool serves_clients = false;
  bool attached = false;  ///< somebody else runs it
};

/// The directed path from one node to another.
struct Link {
  NodeId from = 0;
  NodeId to = 0;
  auto operator<=>(const Link&) const = default;
};

/// Every node of a lab, targets first in the order of target.toml, then clients. Immutable once built; addresses depend
/// only on the order.
class Topology {
 public:
  Topology() = default;
  explicit Topology(const spec::Experiment& experiment);
  /// Of attached nodes: IPv4 addresses by the nodes' names, clients too, where they are known by now. Others are empty.
  Topology(const spec::Experiment& experiment, const std::map<std::string, std::string>& addresses);

  [[nodiscard]] const std::vector<NodeInfo>& nodes() const { return nodes_; }
  [[nodiscard]] const NodeInfo& at(NodeId id) const { return nodes_.at(id); }
  [[nodiscard]] const NodeInfo* find(std::string_view name) const;
  [[nodiscard]] std::vector<NodeId> of_kind(std::string_view kind) const;  ///< clients are kind "client"
  [[nodiscard]] std::vector<NodeId> targets() const;
  [[nodiscard]] std::vector<NodeId> clients() const;

 private:
  std::vector<NodeInfo> nodes_;
};

}  // namespace withstand::core
