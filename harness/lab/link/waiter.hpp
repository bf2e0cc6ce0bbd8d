#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <sys/epoll.h>

#include "core/event_loop.hpp"
#include "os/fd.hpp"

namespace withstand::lab::link {

/// Waits for readable descriptors or for a due time, whichever is first, and meets the due time to the microsecond.
///
/// A timer alone wakes tens of microseconds late, so it is set early by about as much as it was late before (the 90th
/// percentile, tracked), and the rest is spent polling. Polling is kept below a share of the processor: the nodes need
/// it too. What timers of this machine do, and what this costs, is measured in tests/bench.
class Waiter {
 public:
  Waiter();

  /// `tag` comes back in epoll_event::data.u32.
  void watch(int fd, std::uint32_t tag);
  /// Waits until a watched descriptor is readable, or `due` has come, or `latest` has come (not to the microsecond).
  /// Returns the ready events, none when a time has come.
  std::span<epoll_event> wait(core::Instant due, core::Instant latest);

 private:
  std::span<epoll_event> poll_until(core::Instant due, core::Instant start);
  std::span<epoll_event> block_until(core::Instant when, bool measures);
  [[nodiscard]] std::span<epoll_event> ready(int count);

  os::Fd epoll_, timer_;
  /// Few at a time, so that what is due, and requests, wait for a few bursts only. The kernel goes on with those that
  /// it did not report (epoll_wait(2)), so nobody is passed over.
  std::array<epoll_event, 8> events_{};
  core::Instant armed_{};                 ///< what the timer is set to
  std::chrono::nanoseconds lead_;         ///< how much earlier than due the timer is set
  std::chrono::nanoseconds allowance_{};  ///< for polling
  core::Instant allowance_at_{};          ///< when the allowance was last topped up
};

}  // namespace withstand::lab::link
