#pragma once

#include <stdint.h>

// What lies in every process of a clock domain, at one fixed address: the image (a small vDSO and the code in which
// converted waits are spent), a page of the process' own, and the clock page that all processes of the domain share.
// Read by C (the image) and by C++ (whoever publishes), so it is plain C. Times are nanoseconds, signed 64 bits: they
// reach from the epoch to the year 2262, as the kernel's ktime_t does.

#define WS_CLOCK_BASE UINT64_C(0x6f0000000000)
#define WS_CLOCK_IMAGE_SIZE UINT64_C(0x4000)
#define WS_CLOCK_PROCESS_PAGE (WS_CLOCK_BASE + WS_CLOCK_IMAGE_SIZE)
#define WS_CLOCK_PROCESS_SIZE UINT64_C(0x1000)
#define WS_CLOCK_SHARED_OFFSET (WS_CLOCK_IMAGE_SIZE + WS_CLOCK_PROCESS_SIZE)
#define WS_CLOCK_SHARED_PAGE (WS_CLOCK_BASE + WS_CLOCK_SHARED_OFFSET)
#define WS_CLOCK_SHARED_SIZE UINT64_C(0x4000)
#define WS_CLOCK_MAGIC UINT64_C(0x31304b4c43535757)

enum { WS_CLOCK_SEGMENTS = 64, WS_CLOCK_STROBES = 4 };

/// A rate is a gain per nanosecond, as a multiple of 2^-48: steps of 3.6e-15, up to 32767 times true speed.
enum { WS_CLOCK_RATE_BITS = 48 };
#define WS_CLOCK_TRUE_RATE (INT64_C(1) << WS_CLOCK_RATE_BITS)

/// The timelines of a domain; the coarse and alarm clocks read theirs from these.
enum ws_clock_line_id { WS_WALL, WS_TAI, WS_STEADY, WS_BOOT, WS_RAW, WS_LINES };

/// From `start` (of the machine's CLOCK_MONOTONIC; of its CLOCK_MONOTONIC_RAW on the line WS_RAW) on, until the next
/// segment begins, the clock shows base + (now - start) * rate.
struct ws_clock_segment {
  int64_t start, base, rate;
  /// base - start in whole seconds and the rest, which is not negative: at true rate nothing needs to be divided.
  int64_t shift_seconds, shift_rest;
};

/// From `start` to `end` the clock is `delta` ahead in every other half period, the first one included.
struct ws_clock_strobe {
  int64_t start, end, half_period, delta;
};

struct ws_clock_line {
  uint32_t identity;  ///< 1: the machine's own clock is shown, untouched
  uint32_t count;     ///< segments in use, at least one unless `identity`; by start, the first holds before it as well
  uint32_t strobes;   ///< strobes in use
  uint32_t reserved;
  int64_t early;  ///< waits until an instant of this clock end so much too early
  struct ws_clock_strobe strobe[WS_CLOCK_STROBES];
  struct ws_clock_segment segment[WS_CLOCK_SEGMENTS];
};

/// Guarded by a sequence lock: odd while it is written, and another even number afterwards.
struct ws_clock_page {
  uint64_t magic;
  uint32_t sequence;
  uint32_t reserved;
  struct ws_clock_line line[WS_LINES];
};

/// Of one process (one address space): where its kernel put the real vDSO, whose functions are called. Zero where this
/// kernel has no such function.
struct ws_clock_process {
  uint64_t magic;
  uint64_t vdso;
  uint64_t clock_gettime, gettimeofday, time, clock_getres, getcpu, getrandom;
  uint64_t system_calls;  ///< 1: the vDSO would make a system call itself, so the image makes it (one that is let pass)
};

#ifdef __cplusplus
static_assert(sizeof(ws_clock_page) <= WS_CLOCK_SHARED_SIZE);
static_assert(sizeof(ws_clock_process) <= WS_CLOCK_PROCESS_SIZE);
#else
_Static_assert(sizeof(struct ws_clock_page) <= WS_CLOCK_SHARED_SIZE, "the clock page fits its place");
_Static_assert(sizeof(struct ws_clock_process) <= WS_CLOCK_PROCESS_SIZE, "the process page fits its place");
#endif
