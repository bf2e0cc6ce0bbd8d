#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/event_loop.hpp"
#include "core/topology.hpp"
#include "lab/kernel_net/kernel_links.hpp"
#include "os/fd.hpp"
#include "os/network_namespace.hpp"

namespace withstand::support {

/// Two network namespaces of somebody else's, n1 and n2, each kept by a process, with an Ethernet cable between their
/// eth0, addressed as the fabric's nodes are. Needs root.
class KernelRig {
 public:
  KernelRig();
  ~KernelRig();
  KernelRig(const KernelRig&) = delete;
  KernelRig& operator=(const KernelRig&) = delete;

  /// Why a rig with kernel links cannot be had here; empty when it can.
  static const std::string& unavailable();

  [[nodiscard]] core::EventLoop& loop() { return loop_; }
  [[nodiscard]] const core::Topology& topology() const { return topology_; }
  [[nodiscard]] os::NetworkNamespace network(core::NodeId node) const;
  /// Of the file of a node's network namespace.
  [[nodiscard]] std::string path(core::NodeId node) const;
  [[nodiscard]] lab::kernel::KernelLinks& links() { return *links_; }
  /// Both links claimed. `announced` gets what would have to be undone.
  void attach(const std::string& owner);
  void detach() { links_.reset(); }
  [[nodiscard]] const std::vector<core::DetourTraces>& announced() const { return announced_; }

  [[nodiscard]] os::Fd socket(core::NodeId node, int family, int type) const;
  /// What tc and ip would show of a node: interfaces, queues and filters, without counters.
  [[nodiscard]] std::string picture(core::NodeId node) const;

 private:
  core::EventLoop loop_;
  core::Topology topology_;
  std::vector<int> keepers_;
  std::unique_ptr<lab::kernel::KernelLinks> links_;
  std::vector<core::DetourTraces> announced_;
};

}  // namespace withstand::support
