#pragma once

#include <cstdint>
#include <vector>

#include "lab/clock/page_layout.h"

/// Straight pieces, pure: what a clock shows, and by how much it deviates, as functions of the machine's
/// CLOCK_MONOTONIC. Nanoseconds in 64 bits throughout; products in 128, rounded down.
namespace withstand::lab::clock {

using Ns = std::int64_t;

/// A gain per nanosecond in units of 2^-48; exact to 3.6e-15.
using Rate = std::int64_t;
inline constexpr Rate true_rate = WS_CLOCK_TRUE_RATE;

/// `ppb` thousand-millionths as a rate: 1 ppm is 1000. Rounded to the nearest; |ppb| up to 3e13.
Rate rate_of_ppb(std::int64_t ppb);

/// The last instant any clock of ours shows: one second before the 64 bits end (2262-04-11); then it stands.
inline constexpr Ns last_instant = INT64_MAX - 1'000'000'000;

/// From `start` on, until the next piece begins: value + (t - start) * rate.
struct Piece {
  Ns start = 0;
  Ns value = 0;
  Rate rate = 0;
  bool operator==(const Piece&) const = default;
};

/// A deviation from the true time: pieces in the order of their starts. Zero before the first.
using Deviation = std::vector<Piece>;

/// What a deviation amounts to at `t`.
Ns value_at(const Deviation& deviation, Ns t);
/// What it gains there.
Rate rate_at(const Deviation& deviation, Ns t);

/// The same until `t`, and nothing from then on (the clock steps back to where it would be without).
Deviation ended(Deviation deviation, Ns t);
/// The same until `t`; from then on the deviation that was reached stays.
Deviation kept(Deviation deviation, Ns t);

/// From where a line starts when nothing deviates: base shows `value` at `start` and runs at true rate.
struct Base {
  Ns start = 0;
  Ns value = 0;
};

/// base + the sum of the deviations, as segments that begin at every breakpoint, the first of which holds for all time
/// before. A value that would leave [0, last_instant] stands still at the limit instead.
std::vector<ws_clock_segment> sum(const Base& base, const std::vector<const Deviation*>& deviations);

/// When segments show exactly `target` while they run forward through it, from `from` on; WS_CLOCK_NEVER when they
/// never do, or jump over it.
Ns when_passing(const std::vector<ws_clock_segment>& segments, Ns from, Ns target);

/// A page's line from segments: those in force from `now` on, as many as fit. Returns when the line must be filled
/// again, WS_CLOCK_NEVER when it holds all. Strobes are left as they are.
Ns fill(ws_clock_line& line, const std::vector<ws_clock_segment>& segments, Ns now);

}  // namespace withstand::lab::clock
