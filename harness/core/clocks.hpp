#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/event_loop.hpp"
#include "core/topology.hpp"

namespace withstand::core {

/// What a fault asks of a node's clocks. Spans and instants in nanoseconds.
struct ClockChange {
  enum class Kind {
    offset,    ///< `by` ahead, from now on
    drift,     ///< gains `rate_ppb`
    freeze,    ///< stands still
    strobe,    ///< `by` ahead in every other `half_period`
    start_at,  ///< shows `wall` now, and gains `rate_ppb` from then on
    leap,      ///< a leap second at the next midnight of UTC
    smear,     ///< `by` spread over `length`
    suspend,   ///< asleep from `since` until now: CLOCK_MONOTONIC stood still, the others are `by` ahead of where it
               ///< stood
    settable,  ///< its programs may set it
  };
  Kind kind = Kind::offset;
  std::int64_t by = 0;
  std::int64_t rate_ppb = 0;     ///< thousand-millionths: 1 ppm is 1000; -10^9 stands still
  std::int64_t half_period = 0;  ///< strobe
  std::int64_t wall = 0;         ///< start_at: since 1970
  std::int64_t since = 0;        ///< suspend: of the machine's CLOCK_MONOTONIC; `by` 0: as long as it really was
  std::int64_t length = 0;       ///< smear
  bool cosine = false;           ///< smear: ntpd's curve instead of a straight line
  bool inserted = true;          ///< leap: a second more; else one is left out
  bool tick_edge = false;        ///< leap: at the next tick of the timer instead of at its nanosecond
  bool timers_early =
      false;  ///< leap: nobody tells the timers, which then expire one second early until the clock is set
  /// leap: the clock is first set to so long before midnight; negative: it is left as it is.
  std::int64_t lead = -1;
};

/// What became of one change, and of its node's clocks altogether.
struct ClockEffect {
  Instant switched{};   ///< since when it is in force
  Instant published{};  ///< when every process of the node could see that; later than `switched`: too late
  /// How far CLOCK_REALTIME is ahead of the machine's, at one instant: as the node's clock was asked to be, all changes
  /// together, and as a process of the node sees it, read out of its memory.
  std::int64_t requested_ns = 0, measured_ns = 0;
  /// The same of its CLOCK_MONOTONIC and CLOCK_BOOTTIME.
  std::int64_t steady_requested_ns = 0, steady_measured_ns = 0, boot_requested_ns = 0, boot_measured_ns = 0;
  bool measured = false;        ///< false: no process of the node sees its clock
  std::string sample;           ///< that process
  int leap_state = 0, tai = 0;  ///< as adjtimex(2) tells the node's programs
  bool leapt = false;           ///< a leap second was inserted or left out
  std::uint64_t processes = 0;  ///< of the node, now
  std::uint64_t covered = 0;    ///< of those: that see its clock
  std::uint64_t programs = 0;   ///< executed since the start that were given its clock
  std::uint64_t reads = 0;      ///< system calls, past the C library's fast way, answered
  std::uint64_t waits = 0, timers = 0,
                woken = 0;                    ///< until an instant, converted; converted anew when the clock changed
  std::uint64_t refused_sets = 0, rings = 0;  ///< attempts to set the clock; io_uring, whose time-outs are not seen
  std::uint64_t sets = 0;                     ///< times that its programs set it, or its discipline
  /// Processors that the node used from the change until timers became early, and since; negative: they did not.
  double processors_before = -1, processors_since = -1;
  std::int64_t injection_ns = 0;  ///< mean time that giving a program its clock took
  /// Of the node's programs: whose code reads the processor's time stamp counter, which nobody makes false.
  std::vector<std::string> counter_readers;
  std::uint64_t escaped = 0;         ///< programs that run on the machine's clocks
  std::vector<std::string> escapes;  ///< the first of them: "strace (4711): another process traces it"
};

/// The clocks of the lab's nodes, as faults see them. Only nodes that a plan claimed have one of their own. Calls
/// return when the change is in force or about to be (below 1 ms); they throw when the supervisor is gone.
class Clocks {
 public:
  using Handle = std::uint64_t;
  virtual ~Clocks() = default;
  /// Throws std::invalid_argument, in words for the user, where the clock cannot show that.
  virtual Handle add(NodeId node, const ClockChange& change) = 0;
  /// Ends it: the clock steps to where it would be without. The effect stays readable.
  virtual void remove(Handle handle) = 0;
  [[nodiscard]] virtual ClockEffect effect(Handle handle) = 0;
};

}  // namespace withstand::core
