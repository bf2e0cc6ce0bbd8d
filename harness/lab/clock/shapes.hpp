#pragma once

#include "lab/clock/line.hpp"

/// The deviations that faults ask for. Pure. `start` is of the machine's CLOCK_MONOTONIC.
namespace withstand::lab::clock {

inline constexpr Ns second = 1'000'000'000;
inline constexpr Ns day = 86'400 * second;

/// From `start` on the clock is `by` ahead (negative: behind).
Deviation offset(Ns start, Ns by);
/// From `start` on the clock gains `rate` (-true_rate: it stands still).
Deviation drift(Ns start, Rate rate);
inline Deviation freeze(Ns start) { return drift(start, -true_rate); }

/// How a leap second is spread.
enum class Smear { linear, cosine };

/// `amount` (-1 s: an inserted second) spread over `length` from `start` on, and kept from then on. Linear in one
/// piece; cosine, as ntpd's leap smear has it, amount * (1 - cos(pi * t / length)) / 2, in pieces between points of the
/// curve: never more than 40 ns off for one second, whatever the length.
Deviation smear(Ns start, Ns length, Ns amount, Smear shape);

}  // namespace withstand::lab::clock
