#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/event_loop.hpp"
#include "core/links.hpp"
#include "core/names.hpp"
#include "core/topology.hpp"
#include "os/fd.hpp"

/// The isolated world that holds the nodes, as faults, probes and the phases of a run see it. All calls are made from
/// the event loop's thread.
namespace withstand::core {

class Clocks;

/// How a target's main process ended, from waitid(2) in the node's init.
struct Exit {
  NodeId node = 0;
  std::int32_t host_pid = 0;  ///< as the harness sees it
  bool signalled = false;     ///< CLD_KILLED or CLD_DUMPED
  int value = 0;              ///< exit status, or the signal's number
  bool core_dumped = false;
  Instant when{};
  bool requested = false;   ///< a fault or the tear-down asked for it
  std::string asked_by;     ///< the fault's name, "tear-down", or empty
  std::string not_started;  ///< why the program could not even be executed; then the status is 127, as a shell has it
};

struct NodeState {
  enum class Phase { created, starting, ready, paused, exited };
  Phase phase = Phase::created;
  std::int32_t host_pid = 0;  ///< of the target's main process; 0 when none runs
  std::int64_t starts = 0;    ///< how many times it was started
  Instant started{};          ///< when its last start was asked for
  std::optional<Exit> last_exit;
};

/// One line a process wrote.
struct LogLine {
  NodeId node = 0;
  Instant when{};  ///< when it was read
  bool standard_error = false;
  std::string text;  ///< without the newline; at most 64 KiB, longer lines are cut
};

struct CommandResult {
  bool timed_out = false;
  int exit_status = 0;  ///< 128 + signal when killed by one
  std::string output;   ///< stdout, at most 1 MiB
  std::string error;    ///< stderr, at most 64 KiB; or why it could not be run
  Instant started{}, ended{};
};

/// Kept while a node is paused; destroying or `resume`ing it lets the node run again.
class Pause {
 public:
  virtual ~Pause() = default;
  /// "cgroup v2 freezer" or "SIGSTOP to every process of the node".
  [[nodiscard]] virtual std::string mechanism() const = 0;
  /// What the kernel says now, read outside the node: e.g. "frozen 1 in cgroup.events; 3 of 3 processes show no CPU
  /// time since".
  struct Proof {
    bool holds = false;  ///< every process of the node was seen stopped, and none used CPU time since the pause began
    std::string text;
  };
  [[nodiscard]] virtual Proof proof() = 0;
  virtual void resume() = 0;
};

class Disks;

class Lab {
 public:
  virtual ~Lab() = default;

  [[nodiscard]] virtual EventLoop& loop() = 0;
  [[nodiscard]] virtual const Topology& topology() const = 0;
  [[nodiscard]] virtual Links& links() = 0;
  /// Throws std::logic_error where nodes have no resolver.
  [[nodiscard]] virtual Names& names() { throw std::logic_error("this lab has no resolvers"); }
  /// The nodes' own clocks (core/clocks.hpp); throws std::logic_error where no fault of the plan claimed any.
  [[nodiscard]] virtual Clocks& clocks() { throw std::logic_error("this lab has no clocks of its own"); }
  /// Only where the plan claimed disks.
  [[nodiscard]] virtual Disks& disks() { throw std::logic_error("this lab has no disks that can be impaired"); }
  [[nodiscard]] virtual NodeState state(NodeId node) const = 0;

  /// Sends a signal to the target's main process, or to every process of the node but its init. `asked_by` marks a
  /// resulting exit as requested.
  virtual void signal(NodeId node, int signal, bool whole_tree, const std::string& asked_by) = 0;
  /// SIGKILL to every process of the node at once (cgroup.kill where there is one, else through its init). The node's
  /// namespaces stay.
  virtual void kill(NodeId node, const std::string& asked_by) = 0;
  /// How many processes of the target live in the node, its main process and whatever that has left behind, as the
  /// kernel lists them now.
  [[nodiscard]] virtual std::size_t processes(NodeId node) const = 0;
  /// Starts the target in a node whose main process has exited, as soon as nothing of the last start lives: whatever it
  /// left behind gets SIGKILL first. Throws if it runs.
  virtual void start(NodeId node) = 0;
  /// Destroys all that a machine without power does not keep: every process and the node's namespaces, with their
  /// connections, memory files and mounts. Its target must have exited, its links be cut.
  virtual void power_off(NodeId) { throw std::logic_error("this lab's nodes cannot be powered off"); }
  /// New namespaces on the same disk, with the same addresses; then `start` starts the target.
  virtual void power_on(NodeId) { throw std::logic_error("this lab's nodes cannot be powered off"); }
  /// Freezes every process of the node, those too that are started later. Two pauses of one node nest: it runs again
  /// when the last ends.
  [[nodiscard]] virtual std::unique_ptr<Pause> pause(NodeId node, const std::string& asked_by) = 0;

  /// Runs a command inside the node's namespaces as the node's user, outside what kill and pause hit. The callback
  /// comes exactly once.
  virtual void run_in(NodeId node, const std::vector<std::string>& command, std::chrono::nanoseconds timeout,
                      std::function<void(CommandResult)> done) = 0;
  /// Connects a TCP socket that lives in the node's network namespace: what happens inside or beside the fabric is as
  /// for a program on that node, while the loop never blocks. `host` is an address, a node's name or "localhost". The
  /// callback comes exactly once, with a connected non-blocking socket, or an invalid one and why.
  virtual void connect(NodeId from, const std::string& host, std::int64_t port, std::chrono::nanoseconds timeout,
                       std::function<void(os::Fd, std::string error)> done) {
    static_cast<void>(from), static_cast<void>(host), static_cast<void>(port), static_cast<void>(timeout);
    done(os::Fd(), "this lab cannot connect");
  }
  /// Resolves a role ("primary") of a kind to nodes, asking as target.toml says; empty when nobody holds it.
  virtual void holders(const std::string& kind, const std::string& role,
                       std::function<void(std::vector<NodeId>, std::string error)> done) = 0;

  using Subscription = EventLoop::Registration;
  [[nodiscard]] virtual Subscription on_exit(std::function<void(const Exit&)> callback) = 0;
  [[nodiscard]] virtual Subscription on_ready(std::function<void(NodeId)> callback) = 0;
  [[nodiscard]] virtual Subscription on_log(std::function<void(const LogLine&)> callback) = 0;
};

}  // namespace withstand::core
