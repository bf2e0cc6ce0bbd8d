#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/lab.hpp"
#include "lab/adopted_process.hpp"
#include "lab/dns/sockets.hpp"
#include "lab/init.hpp"
#include "lab/link/node_interface.hpp"
#include "lab/log_capture.hpp"
#include "lab/pause.hpp"
#include "lab/request_ledger.hpp"
#include "os/ancillary.hpp"
#include "os/cgroup.hpp"
#include "os/process.hpp"

namespace withstand::lab {

/// A node's cgroups: what kill and pause hit, and beside it our own (init, commands). Every start of the target is born
/// into a new folder below `target`: kernels since 6.14 kill whatever is cloned into a cgroup that was ever written
/// cgroup.kill by somebody in another one (they compare the kill counts of the two).
struct NodeCgroups {
  /// The next start's, after those that are empty were removed.
  int make_start(std::int64_t number);
  explicit NodeCgroups(const std::string& path) : node(path), harness(path + "/harness"), target(path + "/target") {}
  os::Cgroup node, harness, target;
  std::vector<std::unique_ptr<os::Cgroup>> starts;
};

/// What a node tells the lab.
struct NodeEvents {
  std::function<void(core::NodeId)> starting;  ///< nothing of an earlier start lives, nothing of this one yet
  std::function<void(core::NodeId)> started;
  std::function<void(core::NodeId, std::string why)> start_failed;
  std::function<void(const core::Exit&)> exited;
  std::function<void(core::LogLine)> log;
  std::function<void(core::NodeId, const std::string& path)> log_full;
  /// "write" and the error's number; also while the node is destroyed, so it must not throw.
  std::function<void(const std::string& path, const char* attempt, int error)> log_failed;
  std::function<void(core::NodeId, const std::string& how)> init_died;
};

/// Where a node's output goes.
struct NodeLogs {
  std::string folder;       ///< exists; gets stdout.log and stderr.log
  core::Instant epoch{};    ///< zero of their time stamps
  std::uint64_t limit = 0;  ///< bytes of each
};

/// One node, as the orchestrator holds it: its init by control socket and pidfd, its target's state, its output. The
/// init ends, and the kernel ends everything in the node, when this is destroyed or its process dies.
class Node {
 public:
  /// Starts the init; its set-up goes on while the caller starts others.
  Node(core::EventLoop& loop, const core::Topology& topology, NodePlan plan, std::optional<std::string> cgroup,
       const NodeLogs& logs, NodeEvents events);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Ends its init, and with it everything in its namespaces; its target has exited. Its folder of temporary files is
  /// emptied: a machine keeps them in memory.
  void power_off();
  /// A new init in new namespaces; `finish_setup` goes on from there.
  void power_on();

  /// What was made inside the node for those who serve it from outside.
  struct Ways {
    link::NodeInterface interface;  ///< its way into the fabric
    dns::Sockets names;             ///< its resolver's
  };
  /// Waits for the set-up to be done. Throws what failed in the node's process.
  Ways finish_setup();

  [[nodiscard]] const NodePlan& plan() const { return plan_; }
  /// The folder of its logs.
  [[nodiscard]] const std::string& logs() const { return logs_; }
  /// Powered off, and not on again.
  [[nodiscard]] bool is_off() const { return init_.pid == 0; }
  [[nodiscard]] core::NodeState state() const;
  [[nodiscard]] const os::Child& init() const { return init_; }
  [[nodiscard]] const os::Cgroup* harness_cgroup() const { return cgroups_ ? &cgroups_->harness : nullptr; }
  [[nodiscard]] int standard_output() const { return output_.get(); }
  [[nodiscard]] int standard_error() const { return error_.get(); }
  /// "stdout: ..." and "stderr: ..." lines, and how it ended if it did, for error messages.
  [[nodiscard]] std::string last_words();

  /// Also ends, first, what is left of the last start.
  void start();
  [[nodiscard]] std::size_t processes() const;
  void mark_ready();
  void signal(int signal, bool whole_tree, const std::string& asked_by);
  void kill(const std::string& asked_by);
  [[nodiscard]] std::unique_ptr<core::Pause> pause() { return pauses_->pause(); }
  [[nodiscard]] std::string pause_mechanism() const { return pauses_->tree().mechanism(); }
  /// From here on, any exit was asked for.
  void expect_exit(const std::string& asked_by);
  void resume_all() { pauses_->release_all(); }

  /// A TCP socket in the node's network namespace, family AF_INET or AF_INET6; invalid when the init is gone.
  void open_socket(int family, std::function<void(os::Fd)> done);

 private:
  [[nodiscard]] std::unique_ptr<LogCapture> capture(const NodeLogs& logs, bool error);
  void start_init();
  int run_in_child(const os::Parent& parent, int control);
  void on_control();
  void on_message(os::Message& message);
  void start_when_alone();
  void on_born(os::Message& message);
  void on_exited(const std::string& data);
  void give_up_sockets();

  core::EventLoop& loop_;
  const core::Topology& topology_;
  NodePlan plan_;
  std::string logs_;
  NodeEvents events_;
  std::unique_ptr<NodeCgroups> cgroups_;
  os::Fd output_, error_;  ///< writing ends, for the init and the load generator
  std::unique_ptr<LogCapture> output_log_, error_log_;
  os::Child init_;
  os::Fd control_;
  os::ProcFolder proc_;
  std::unique_ptr<AdoptedProcess> adopted_;
  std::shared_ptr<PauseControl> pauses_;
  core::EventLoop::Registration commands_, clearing_;
  std::deque<std::function<void(os::Fd)>> socket_requests_;
  os::Pidfd target_;
  core::EventLoop::Registration target_end_;
  core::Instant ended_{};      ///< when the kernel said that the target has; zero while it has not
  bool born_stopped_ = false;  ///< the last start
  core::NodeState state_;
  RequestLedger requests_;
};

}  // namespace withstand::lab
