#pragma once

#include <stdint.h>

// What the two halves of the image use of each other.

struct ws_timespec {
  int64_t sec, nsec;
};

enum {
  WS_CLOCK_REALTIME = 0,
  WS_CLOCK_MONOTONIC = 1,
  WS_CLOCK_MONOTONIC_RAW = 4,
  WS_CLOCK_REALTIME_COARSE = 5,
  WS_CLOCK_MONOTONIC_COARSE = 6,
  WS_CLOCK_BOOTTIME = 7,
  WS_CLOCK_REALTIME_ALARM = 8,
  WS_CLOCK_BOOTTIME_ALARM = 9,
  WS_CLOCK_TAI = 11,
};

/// As the machine has it; 0 or a negative errno.
long ws_real_clock_gettime(int id, struct ws_timespec* out);

/// As the domain has it.
long ws_shown_clock_gettime(int id, struct ws_timespec* out);

/// When (of the machine's CLOCK_MONOTONIC) the clock `id` of the domain may show `target`; WS_CLOCK_NEVER if never, as
/// things stand. `identity` tells that the machine's own clock is shown, and the result means nothing.
int64_t ws_due(int id, int64_t target, int* identity);
