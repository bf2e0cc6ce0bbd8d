#include "lab/clock/machine_time.hpp"

#include <time.h>

#include "os/check.hpp"

namespace withstand::lab::clock {
namespace {

Ns reading_of(clockid_t id) {
  timespec now{};
  os::check("read a clock", ::clock_gettime(id, &now));
  return static_cast<Ns>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

/// How far `id` is ahead of CLOCK_MONOTONIC: of several tries the one between whose two readings least time went by.
Ns ahead(clockid_t id) {
  Ns best = 0, least = INT64_MAX;
  for (int tries = 0; tries < 16; ++tries) {
    const Ns before = reading_of(CLOCK_MONOTONIC);
    const Ns other = reading_of(id);
    const Ns after = reading_of(CLOCK_MONOTONIC);
    if (after - before >= least) continue;
    least = after - before;
    best = other - before - (after - before) / 2;
  }
  return best;
}

}  // namespace

Ns steady_now() { return reading_of(CLOCK_MONOTONIC); }

MachineTime machine_time() {
  MachineTime now;
  const Ns wall = ahead(CLOCK_REALTIME), boot = ahead(CLOCK_BOOTTIME), raw = ahead(CLOCK_MONOTONIC_RAW);
  const Ns tai = ahead(CLOCK_TAI);
  now.tai = static_cast<int>((tai - wall + 500'000'000) / 1'000'000'000);
  now.steady = steady_now();
  now.wall = now.steady + wall;
  now.boot = now.steady + boot;
  now.raw = now.steady + raw;
  return now;
}

}  // namespace withstand::lab::clock
