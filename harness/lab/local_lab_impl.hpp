#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lab/clock_service.hpp"
#include "lab/command.hpp"
#include "lab/disks.hpp"
#include "lab/dns/resolver.hpp"
#include "lab/foundation.hpp"
#include "lab/link/fabric.hpp"
#include "lab/local_lab.hpp"
#include "lab/node.hpp"
#include "lab/readiness.hpp"
#include "lab/render.hpp"
#include "lab/subscribers.hpp"

namespace withstand::lab {

/// The parts of a lab, in the order in which they are made; they are undone in the opposite order.
struct LocalLab::Impl {
  Impl(LocalLab& lab, core::EventLoop& loop, const spec::Experiment& experiment, core::Topology topology,
       LabOptions options);
  ~Impl();

  [[nodiscard]] Node& node(core::NodeId id) { return *nodes.at(id); }
  /// Starts the target and asks until it is ready; `done` (may be empty) hears why not, or "".
  void start(core::NodeId id, std::function<void(std::string why_not)> done);
  void power_off(core::NodeId id);
  void power_on(core::NodeId id);
  void run(core::NodeId id, const std::vector<std::string>& located, std::chrono::nanoseconds timeout,
           std::function<void(core::CommandResult)> done);
  [[nodiscard]] LaunchFailure failure(core::NodeId id, const std::string& reason);
  /// SIGKILL to every node at once, then waits for each to be gone.
  void end_nodes();
  /// Something the lab consists of has ended. Nobody asked unless the lab is `ending`.
  void medium_died(const std::string& what);

  LocalLab& lab;
  core::EventLoop& loop;
  const spec::Experiment& experiment;
  core::Topology topology;
  LabOptions options;
  Subscribers<const core::Exit&> exits;
  Subscribers<core::NodeId> readies;
  Subscribers<const core::LogLine&> logs;
  Subscribers<const std::string&> deaths, warnings;
  bool ending = false;
  std::string log_failure;
  std::string state_file;

  Foundation foundation;
  core::EventLoop::Registration guardian_death;
  Renderer renderer;
  std::unique_ptr<ClockService> clocks;  ///< none where no fault claims a clock
  std::unique_ptr<NodeDisks> disks;  ///< none where no disk is claimed; outlives the nodes, which may have files open
  std::vector<std::unique_ptr<Node>> nodes;
  std::unique_ptr<core::Links> links;    ///< the fabric, or the kernel's own queues
  link::Fabric* fabric = nullptr;        ///< where `links` is one
  std::unique_ptr<dns::Resolver> names;  ///< none where nodes are attached: their names are others' too
  CommandRunner commands;
  std::map<core::NodeId, std::unique_ptr<Readiness>> readiness;
  std::map<core::NodeId, std::function<void(std::string)>> start_waiters;

 private:
  void make_clocks();
  void make_nodes();
  void make_disks();
  void make_links(std::vector<link::NodeInterface> interfaces);
  [[nodiscard]] std::unique_ptr<core::Links> make_kernel_links(const std::vector<core::Link>& claimed);
  void write_state();
  void ask_whether_ready(core::NodeId id);
  void start_is_decided(core::NodeId id, const std::string& why_not);
  void on_exit(const core::Exit& exit);
  void on_start_failed(core::NodeId id, const std::string& why);
  NodeEvents events();
  [[nodiscard]] std::string in_run(const std::string& path) const {
    return path.substr(options.run_directory.size() + 1);
  }
};

}  // namespace withstand::lab
