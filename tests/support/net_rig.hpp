#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/event_loop.hpp"
#include "core/topology.hpp"
#include "lab/link/fabric.hpp"
#include "os/fd.hpp"

namespace withstand::support {

/// A lab of nothing but network: so many nodes, each a network namespace without processes, joined by the link fabric.
/// Tests and benchmarks hold sockets of any node, or run a function inside one. As an ordinary user each node gets a
/// user namespace too. The program's main() must run lab::link::fabric_main() when its first argument is "__fabric".
class NetRig {
 public:
  /// Every link is claimed. Throws what set-up throws.
  explicit NetRig(std::size_t nodes, const std::optional<lab::link::CaptureFile>& capture = {});
  ~NetRig();
  NetRig(const NetRig&) = delete;
  NetRig& operator=(const NetRig&) = delete;

  /// Why a rig cannot be had here ("open /dev/net/tun: Permission denied"); empty when it can.
  static const std::string& unavailable();

  [[nodiscard]] core::EventLoop& loop() { return loop_; }
  [[nodiscard]] const core::Topology& topology() const { return topology_; }
  [[nodiscard]] lab::link::Fabric& fabric() { return *fabric_; }
  [[nodiscard]] const os::Fd& network_namespace(core::NodeId node) const { return places_[node].network; }

  /// A socket that lives in the node's namespace, blocking; `type` as socket(2) wants it.
  [[nodiscard]] os::Fd socket(core::NodeId node, int family, int type) const;
  /// Runs `work` in a process of its own in the node's namespace and returns its process number; it exits with the
  /// work's result, or 99 after an exception, which it prints.
  [[nodiscard]] int start(core::NodeId node, const std::function<int()>& work) const;

 private:
  struct Place {
    os::Fd user, network;
  };
  core::EventLoop loop_;
  core::Topology topology_;
  std::vector<Place> places_;
  std::unique_ptr<lab::link::Fabric> fabric_;
};

/// n1..nN and no client.
core::Topology plain_topology(std::size_t nodes);

/// Runs `work` in a forked process and returns the descriptors it made; throws with its words when it throws.
std::vector<os::Fd> descriptors_from_child(const std::function<std::vector<os::Fd>()>& work);

/// Moves the calling process into new namespaces of a node: a network, and a user namespace where it is not root.
void enter_new_network();

}  // namespace withstand::support
