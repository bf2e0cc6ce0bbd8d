#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "core/lab.hpp"
#include "support/net_rig.hpp"

namespace withstand::support {

/// A lab of nothing but network, for faults on links: real namespaces, devices and fabric, but no process to hit.
class RigLab : public core::Lab {
 public:
  explicit RigLab(NetRig& rig) : RigLab(rig.loop(), rig.topology(), rig.fabric()) {}
  RigLab(core::EventLoop& loop, const core::Topology& topology, core::Links& links)
      : loop_(loop), topology_(topology), links_(links) {}
  core::EventLoop& loop() override { return loop_; }
  [[nodiscard]] const core::Topology& topology() const override { return topology_; }
  core::Links& links() override { return links_; }
  [[nodiscard]] core::NodeState state(core::NodeId) const override { return {}; }
  void signal(core::NodeId, int, bool, const std::string&) override { none(); }
  void kill(core::NodeId, const std::string&) override { none(); }
  [[nodiscard]] std::size_t processes(core::NodeId) const override { return 0; }
  void start(core::NodeId) override { none(); }
  [[nodiscard]] std::unique_ptr<core::Pause> pause(core::NodeId, const std::string&) override { none(); }
  void run_in(core::NodeId, const std::vector<std::string>&, std::chrono::nanoseconds,
              std::function<void(core::CommandResult)>) override {
    none();
  }
  void holders(const std::string&, const std::string&,
               std::function<void(std::vector<core::NodeId>, std::string)>) override {
    none();
  }
  [[nodiscard]] Subscription on_exit(std::function<void(const core::Exit&)>) override { return {}; }
  [[nodiscard]] Subscription on_ready(std::function<void(core::NodeId)>) override { return {}; }
  [[nodiscard]] Subscription on_log(std::function<void(const core::LogLine&)>) override { return {}; }

 private:
  [[noreturn]] static void none() { throw std::logic_error("a lab without processes"); }

  core::EventLoop& loop_;
  const core::Topology& topology_;
  core::Links& links_;
};

}  // namespace withstand::support
