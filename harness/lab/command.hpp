#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/lab.hpp"
#include "lab/node_plan.hpp"
#include "os/pidfd.hpp"
#include "os/users.hpp"

namespace withstand::lab {

/// What a command inside a node needs. Pointers must stay valid until run() returns.
struct CommandPlace {
  const os::Pidfd* init = nullptr;  ///< whose namespaces are joined, PID namespace included
  os::Credentials who;
  std::vector<std::string> env;
  std::string folder;  ///< working directory inside
  int cgroup = -1;     ///< cgroup v2 folder outside what kill and pause hit; -1: the caller's own
  ClockDoor clock;     ///< the node's
};

/// Runs tools inside nodes through Boost.Process, many at a time, without blocking the loop. Each is a session of its
/// own, so that a time-out kills its children too; none outlives this object, nor this process.
class CommandRunner {
 public:
  explicit CommandRunner(core::EventLoop& loop);
  ~CommandRunner();
  CommandRunner(const CommandRunner&) = delete;
  CommandRunner& operator=(const CommandRunner&) = delete;

  /// `argv[0]` is a path inside the node. The callback comes exactly once, never before run() returns; after this
  /// object's destruction it does not come.
  void run(const CommandPlace& place, const std::vector<std::string>& argv, std::chrono::nanoseconds timeout,
           std::function<void(core::CommandResult)> done);

 private:
  struct Running;
  void launch(Running& running, const CommandPlace& place, const std::vector<std::string>& argv);
  void on_end(std::uint64_t id);
  void on_timeout(std::uint64_t id);

  core::EventLoop& loop_;
  std::uint64_t next_ = 1;
  std::map<std::uint64_t, std::shared_ptr<Running>> running_;
};

}  // namespace withstand::lab
