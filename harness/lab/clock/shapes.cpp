#include "lab/clock/shapes.hpp"

#include <cmath>
#include <numbers>

#include "lab/clock/arithmetic.h"

namespace withstand::lab::clock {
namespace {

/// A chord over 1/n of a half wave is off by at most (pi^2 / 16) / n^2 of its height: below 38 ns of a second.
constexpr int chords = 4096;

Rate slope(Ns gain, Ns over) { return static_cast<Rate>((static_cast<ws_int128>(gain) << WS_CLOCK_RATE_BITS) / over); }

Ns along_cosine(Ns amount, int step) {
  const double share = (1 - std::cos(std::numbers::pi * step / chords)) / 2;
  return static_cast<Ns>(std::llround(static_cast<double>(amount) * share));
}

}  // namespace

Deviation offset(Ns start, Ns by) { return {{start, by, 0}}; }

Deviation drift(Ns start, Rate rate) { return {{start, 0, rate}}; }

Deviation smear(Ns start, Ns length, Ns amount, Smear shape) {
  Deviation deviation;
  if (shape == Smear::linear) {
    deviation.push_back({start, 0, slope(amount, length)});
  } else {
    for (int step = 0; step < chords; ++step) {
      const Ns from = static_cast<Ns>(static_cast<ws_int128>(length) * step / chords);
      const Ns to = static_cast<Ns>(static_cast<ws_int128>(length) * (step + 1) / chords);
      if (to == from) continue;
      const Ns value = along_cosine(amount, step);
      deviation.push_back({start + from, value, slope(along_cosine(amount, step + 1) - value, to - from)});
    }
  }
  deviation.push_back({start + length, amount, 0});
  return deviation;
}

}  // namespace withstand::lab::clock
