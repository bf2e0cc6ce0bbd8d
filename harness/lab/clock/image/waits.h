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

struct ws_due {
  /// Of the machine's CLOCK_MONOTONIC; WS_CLOCK_NEVER if never, as things stand. Nothing when `identity`.
  int64_t instant;
  int64_t early;  ///< by how much waits of this clock end too early
  int identity;   ///< the machine's own clock is shown
};
/// When the clock `id` of the domain may show `target`.
struct ws_due ws_due_of(int id, int64_t target);
