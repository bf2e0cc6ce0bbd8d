#pragma once

#include <functional>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

#include <sys/types.h>

#include "core/clocks.hpp"
#include "lab/clock/protocol.hpp"
#include "lab/node_plan.hpp"
#include "lab/spawn.hpp"

namespace withstand::lab {

/// The clock supervisor as the orchestrator holds it: a process of its own (this binary again, with "__clock") that
/// keeps one clock domain per claimed node, and the calls to it. Not thread-safe; used from the event loop's thread.
class ClockService final : public core::Clocks {
 public:
  /// Starts the process and makes a domain, still showing the machine's clocks, for each of `nodes`. Throws when the
  /// process cannot be started or refuses.
  /// In those of `steady_too` CLOCK_MONOTONIC and _BOOTTIME can become false.
  ClockService(core::EventLoop& loop, const core::Topology& topology, const std::set<core::NodeId>& nodes,
               const std::set<core::NodeId>& steady_too = {});
  ClockService(const ClockService&) = delete;
  ClockService& operator=(const ClockService&) = delete;

  /// Called once, from the event loop, when the process ends before this object does; says how it ended.
  void on_death(std::function<void(const std::string& how)> callback) { callback_ = std::move(callback); }
  /// How programs of this node get to its clock; no socket for a node without a clock of its own.
  [[nodiscard]] ClockDoor door_of(core::NodeId node) const;
  /// The file that its programs map (clock::DomainFile), for those who work in a node's name; -1 for a node without.
  [[nodiscard]] int file_of(core::NodeId node) const;

  Handle add(core::NodeId node, const core::ClockChange& change) override;
  void remove(Handle handle) override;
  [[nodiscard]] core::ClockEffect effect(Handle handle) override;

 private:
  struct Domain {
    std::uint32_t number = 0;
    os::Fd socket, file;
    bool steady_too = false;
  };
  clock::Reply ask(const clock::Request& request, std::span<const int> descriptors = {}, os::Fd* file = nullptr);
  [[noreturn]] void give_up(const std::string& why);
  void died();
  void note_counter_reader(pid_t process, core::ClockEffect& effect);

  const core::Topology& topology_;
  HelperProcess helper_;
  core::EventLoop::Registration death_;
  std::function<void(const std::string&)> callback_;
  std::map<core::NodeId, Domain> domains_;
  std::map<std::pair<dev_t, ino_t>, bool> reads_counter_;  ///< program files that were looked into
  std::string how_;                                        ///< why it cannot be asked any more
};

}  // namespace withstand::lab
