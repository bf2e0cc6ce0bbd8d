#pragma once

#include <memory>
#include <string>
#include <vector>

#include "os/cgroup.hpp"
#include "os/proc.hpp"

namespace withstand::lab {

/// All processes of one node's target, without its init and without commands that the harness runs there. Seen and hit
/// from outside the node.
class ProcessTree {
 public:
  virtual ~ProcessTree() = default;
  /// Those that live; zombies are left out.
  [[nodiscard]] virtual std::vector<os::ProcessStat> processes() const = 0;
  /// Nothing of it lives, not even a thread of a process whose first thread has ended.
  [[nodiscard]] virtual bool gone() const = 0;
  virtual void signal(int signal) = 0;
  /// SIGKILL to all; returns when it was delivered, not when they are gone.
  virtual void kill() = 0;
  /// Stops all, or lets all go on. Returns when the kernel says so, or after at most 20 ms.
  virtual void hold(bool still) = 0;
  /// What the kernel says about it, and whether that means that none can run.
  struct Stillness {
    bool holds = false;
    std::string text;
  };
  [[nodiscard]] virtual Stillness stillness(const std::vector<os::ProcessStat>& processes) const = 0;
  [[nodiscard]] virtual std::string mechanism() const = 0;
  /// What is born while the rest is held is held by the kernel too.
  [[nodiscard]] virtual bool holds_newborn() const = 0;
};

inline constexpr const char* freezer_mechanism = "cgroup v2 freezer";
inline constexpr const char* signal_mechanism = "SIGSTOP to every process of the node";

/// By a cgroup that holds nothing else; it must outlive the tree.
std::unique_ptr<ProcessTree> make_cgroup_tree(const os::Cgroup& cgroup);
/// By the node's own /proc: every process but PID 1 and those of a session from outside (commands that were put in).
std::unique_ptr<ProcessTree> make_proc_tree(const os::ProcFolder& proc);

}  // namespace withstand::lab
