#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "lab/clock/line.hpp"
#include "lab/clock/ntp_state.hpp"

/// What the clocks of one node show, and why: pure, of instants that the caller names.
namespace withstand::lab::clock {

/// The machine's clocks at one instant, from which a domain starts.
struct MachineTime {
  Ns steady = 0;  ///< CLOCK_MONOTONIC
  Ns wall = 0;    ///< CLOCK_REALTIME
  Ns boot = 0;    ///< CLOCK_BOOTTIME
  Ns raw = 0;     ///< CLOCK_MONOTONIC_RAW
  int tai = 0;    ///< CLOCK_TAI - CLOCK_REALTIME, seconds
};

/// The switch of a leap second in CLOCK_REALTIME.
enum class LeapEdge {
  exact,  ///< at its nanosecond, as adjtimex(2) has always shown it
  tick,   ///< at the next tick of the timer, up to 4 ms late, as kernels show it in clock_gettime(2)
};

/// What kernels did to absolute timers at an inserted leap second.
enum class LeapTimers {
  right,        ///< they keep to the clock (Linux 3.4.5 and later)
  second_early  ///< nobody told them: from then until the clock is set they expire one second early (2012-07-01)
};

/// Sets of clocks, by their lines.
using Lines = unsigned;
inline constexpr Lines wall_lines = 1U << WS_WALL | 1U << WS_TAI;
inline constexpr Lines steady_lines = 1U << WS_STEADY | 1U << WS_RAW;
inline constexpr Lines every_line = wall_lines | steady_lines | 1U << WS_BOOT;

/// One fault's, or one system call's, share in what a domain shows.
struct Share {
  Deviation deviation;
  Lines lines = wall_lines;               ///< the clocks that it moves
  std::optional<ws_clock_strobe> strobe;  ///< of CLOCK_REALTIME and _TAI
};

class Domain {
 public:
  using Handle = std::uint64_t;

  explicit Domain(const MachineTime& start);

  /// The machine's clocks as they are now: taken for true from here on if nothing is asked of the domain.
  void observe(const MachineTime& now);

  /// Adds a share, which says itself from when on. Throws std::invalid_argument, in words for the user, where a clock
  /// would leave the years 1970 to 2262 within it, or where there are more strobes than fit.
  Handle add(Share share, Ns now);
  /// Ends a share at `t`: the clock steps to where it would be without. Unknown handles are ignored.
  void remove(Handle handle, Ns t);
  /// Ends its gain at `t`: what was gained until then stays.
  void keep(Handle handle, Ns t);

  /// Announces (STA_INS, STA_DEL) or withdraws (0) a leap second at the next midnight of the domain's UTC; the leap
  /// happens by itself. `withdraw_leaps` also undoes those that happened, at `t`.
  void announce_leap(int flag, Ns t, LeapEdge edge, LeapTimers timers = LeapTimers::right);
  void withdraw_leaps(Ns t);
  /// adjtimex(2) by a process of the domain, at `t`. Never changes how the domain's clocks run, but for the leap
  /// seconds that it announces and ADJ_TAI.
  int adjust(timex& request, Ns t);
  /// CLOCK_REALTIME is set to `wall` at `t` (clock_settime(2) by a process of the domain).
  Handle set_wall(Ns wall, Ns t);

  /// What a clock shows at `t`; strobes included. Of WS_RAW, `t` is of CLOCK_MONOTONIC_RAW.
  [[nodiscard]] Ns shown(ws_clock_line_id line, Ns t) const;
  /// When CLOCK_REALTIME, strobes left out, passes `wall` from `t` on; WS_CLOCK_NEVER if it never does.
  [[nodiscard]] Ns wall_passes(Ns wall, Ns t) const;
  /// Nothing was asked of these clocks yet, or all of it has ended: they are the machine's.
  [[nodiscard]] bool untouched(ws_clock_line_id line) const;

  /// Whether CLOCK_REALTIME will be set (or set back) after `t`, leap seconds left out.
  [[nodiscard]] bool jumps_after(Ns t) const { return steps_.upper_bound(t) != steps_.end(); }

  /// Lets time pass: leap states, planned leap seconds. Call it when `next_event` has come, and before publishing.
  void advance(Ns t);
  /// When to advance and publish again although nobody asks: a leap second to plan, a line to refill; WS_CLOCK_NEVER.
  /// At once (INT64_MIN) where what is published is not what the domain has become.
  [[nodiscard]] Ns next_event() const { return changed_ ? INT64_MIN : next_event_; }

  /// Writes the lines in force from `t` on (guarding against readers is the caller's business).
  void publish(ws_clock_page& page, Ns t);

  /// How much too early waits until an instant of CLOCK_REALTIME end.
  [[nodiscard]] Ns early() const { return early_; }
  [[nodiscard]] const NtpState& ntp() const { return ntp_; }
  /// When CLOCK_REALTIME leapt, or will, as planned: of CLOCK_MONOTONIC, before the edge is applied.
  [[nodiscard]] Ns planned_leap() const { return planned_; }

 private:
  using Segments = std::vector<ws_clock_segment>;
  [[nodiscard]] Segments segments(ws_clock_line_id line) const;
  [[nodiscard]] std::int64_t tai_second(Ns t) const;
  void check_range(const Share& share) const;
  void steps_at(Ns t) { steps_.insert(t); }
  void forget_ended(Ns t);
  void pass_to(Ns t);
  void plan_leap(Ns t);
  void find_next_event(Ns t);
  [[nodiscard]] Ns switch_of(Ns leap) const;
  [[nodiscard]] static Ns value_of(const Segments& segments, Ns t);

  MachineTime start_;
  std::map<Handle, Share> shares_;
  std::map<Handle, Ns> ending_;  ///< shares that count for nothing from then on
  Deviation leaps_;              ///< of CLOCK_REALTIME alone
  Deviation tai_steps_;          ///< of CLOCK_TAI alone: ADJ_TAI
  Ns leaps_end_ = INT64_MAX;     ///< from then on no leap second has ever happened
  std::set<Ns> steps_;           ///< when clocks jump
  Handle next_handle_ = 1;
  NtpState ntp_;
  LeapEdge edge_ = LeapEdge::exact;
  LeapTimers leap_timers_ = LeapTimers::right;
  Ns early_ = 0;  ///< so much too early end waits until an instant of CLOCK_REALTIME
  Ns planned_ = INT64_MAX;
  Ns refill_ = INT64_MAX;
  Ns next_event_ = INT64_MAX;
  bool changed_ = false;          ///< since it was published
  bool announced_by_us_ = false;  ///< by a fault: it outlives a step of the clock, as the daemon would say it again
};

}  // namespace withstand::lab::clock
