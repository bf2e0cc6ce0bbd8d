#pragma once

#include "core/event_loop.hpp"

namespace withstand::lab::link {

/// The fabric's place among what wants to run. It takes the lowest real-time priority where that is permitted: then a
/// target that computes does not make packets late (on two busy processors TCP through the fabric is a third faster,
/// too). But a flood must not starve those it is for: after some milliseconds without a pause it is one process among
/// others, until it pauses again. With one processor for all it never is more than that.
class Priority {
 public:
  Priority();
  [[nodiscard]] bool realtime() const { return permitted_; }
  /// To be called often; looks every few milliseconds whether the process has slept since.
  void review(core::Instant now);

 private:
  [[nodiscard]] static long sleeps();
  bool permitted_ = false, raised_ = false;
  long sleeps_ = 0;
  core::Instant next_{};
};

}  // namespace withstand::lab::link
