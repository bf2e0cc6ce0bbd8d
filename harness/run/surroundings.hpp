#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <sys/types.h>

#include "core/event_loop.hpp"

/// Whether this machine gave a run what it needs. Not thread-safe.
namespace withstand::run {

/// What a phase had of the machine's processors.
struct MachineShare {
  std::string phase;
  double processors = 0;  ///< of the machine
  double foreign = 0;     ///< how many of them other programs kept busy, on average (and the hypervisor, by steal time)
  double waited = 0;      ///< of the time that our processes could have run: the part spent waiting for a processor
  /// A missed figure may then be the machine's doing: others took half of it or more, and our processes waited
  /// for a third or more of their time. A target that floods the machine alone makes itself wait: that is its own.
  [[nodiscard]] bool starved() const { return foreign >= processors / 2 && waited >= 1.0 / 3; }
};

/// "other programs kept 1.4 of 2 processors busy, ours waited 38% of the time that they could have run".
std::string to_text(const MachineShare& share);

/// Processor time, by the kernel's counts, at one instant.
struct MachineSnapshot {
  std::chrono::nanoseconds busy{};  ///< of all processors together, stolen time included
  std::chrono::nanoseconds ours{};  ///< of one process, its descendants, and what they have waited for
  struct Thread {
    std::chrono::nanoseconds ran{}, waited{};
  };
  std::map<pid_t, Thread> threads;  ///< of those processes (proc(5), /proc/PID/task/TID/schedstat)
};
MachineSnapshot machine_snapshot(pid_t root);
MachineShare machine_share(const std::string& phase, const MachineSnapshot& from, const MachineSnapshot& to,
                           std::chrono::nanoseconds time, double processors);

/// Notices that this process did not run for a second or more: somebody stopped it, or others starved it.
class StallWatch {
 public:
  struct Stall {
    core::Instant from{};
    std::chrono::nanoseconds length{};
  };
  explicit StallWatch(core::EventLoop& loop) : loop_(loop) { wait(); }
  [[nodiscard]] const std::vector<Stall>& stalls() const { return stalls_; }

 private:
  void wait();
  core::EventLoop& loop_;
  core::EventLoop::Registration timer_;
  std::vector<Stall> stalls_;
};

}  // namespace withstand::run
