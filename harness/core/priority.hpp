#pragma once

#include "core/event_loop.hpp"

namespace withstand::core {

/// A thread of ours (one that is its process, mostly) among what wants to run, for as long as this lives. It takes the
/// lowest real-time priority where that is permitted: then a target that computes does not make packets or injections
/// late (on two busy processors TCP through the fabric is a third faster, too). But a flood must not starve those it is
/// for: after some milliseconds without a pause it is an ordinary process of the greatest weight (nice -20), until it
/// pauses again; so it keeps most of one processor, and they have the others. Where real time is refused it is of the
/// greatest weight and asks for the shortest slices. With one processor for all it never is more than a process at nice
/// -10. What it starts meanwhile begins as everybody does (SCHED_RESET_ON_FORK, sched(7)).
class Priority {
 public:
  Priority();
  ~Priority();
  Priority(const Priority&) = delete;
  Priority& operator=(const Priority&) = delete;
  [[nodiscard]] bool realtime() const { return permitted_; }
  /// To be called often, by that thread; looks every few milliseconds whether it has slept since.
  void review(Instant now);

 private:
  [[nodiscard]] static long sleeps();
  bool permitted_ = false, raised_ = false;
  int niceness_ = 0;  ///< before
  long sleeps_ = 0;
  Instant next_{};
};

}  // namespace withstand::core
