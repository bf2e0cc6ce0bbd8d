#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/disk.hpp"
#include "core/event_loop.hpp"
#include "core/fault.hpp"
#include "lab/block_device.hpp"
#include "lab/node.hpp"

namespace withstand::lab {

/// The disk servers of the nodes that the plan claims: one process each, mounted over the node's data directory in its
/// own mount namespace, so that the kernel undoes the mount with the node. All on the event loop's thread.
class NodeDisks : public core::Disks {
 public:
  /// Nodes are running inits, no target yet; the vector outlives this or is empty by then. Throws os::SystemError
  /// naming the node.
  /// `clock_of`: the file of a node's clock domain, or -1; times of its files are that clock's then.
  NodeDisks(core::EventLoop& loop, const std::vector<std::unique_ptr<Node>>& nodes,
            const std::vector<core::Claim>& claims, const std::function<int(core::NodeId)>& clock_of);
  ~NodeDisks() override;

  void make_device(const std::string& file_system, std::uint64_t bytes,
                   const std::vector<core::NodeId>& nodes) override;
  Handle add(const core::DiskRule& rule, const std::vector<core::NodeId>& nodes) override;
  void remove(Handle handle) override;
  [[nodiscard]] std::vector<core::DiskEffect> effect(Handle handle) override;
  void cut_power(const std::vector<core::NodeId>& nodes) override;
  [[nodiscard]] bool has_power(core::NodeId node) const override {
    return servers_.contains(node) && !without_power_.contains(node);
  }
  void let_go(const std::vector<core::NodeId>& nodes) override;
  void lose(core::NodeId node, const core::PowerLoss& loss,
            std::function<void(core::PowerLossEffect, std::string error)> done) override;

  /// What was done so far is durable: for what was made before a target was started. Nothing without a disk of ours.
  void settle(core::NodeId node);
  /// Mounts again in the new namespaces of a node that was powered off; nothing where it has no disk of ours.
  void mount(const Node& node);

  /// Called when a server has ended although nobody asked.
  void on_death(std::function<void(const std::string& node, const std::string& how)> callback);
  /// Process numbers, for tests.
  [[nodiscard]] std::vector<pid_t> pids() const;

 private:
  struct Server;
  [[nodiscard]] Server& server(core::NodeId node);

  core::EventLoop& loop_;
  const std::vector<std::unique_ptr<Node>>& nodes_;
  std::map<core::NodeId, std::unique_ptr<Server>> servers_;
  std::map<core::NodeId, std::unique_ptr<BlockDevice>> devices_;
  std::set<core::NodeId> without_power_;
  std::map<Handle, std::vector<core::NodeId>> rules_;
  std::function<void(const std::string&, const std::string&)> callback_;
  Handle last_ = 0;
};

}  // namespace withstand::lab
