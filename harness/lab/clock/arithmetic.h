#pragma once

#include "lab/clock/page_layout.h"

// What a line shows and when it will show something: one arithmetic for the image inside the target, the supervisor
// outside and the tests. Nothing here calls anything, divides by a variable without need, or trusts a line to be whole:
// a reader may meet one that is being rewritten, and then reads it again.

__extension__ typedef __int128 ws_int128;
__extension__ typedef unsigned __int128 ws_uint128;

#define WS_CLOCK_NEVER INT64_MAX

/// Sums that wrap instead of being undefined: a line that is being rewritten may hold anything.
static inline int64_t ws_add(int64_t a, int64_t b) { return (int64_t)((uint64_t)a + (uint64_t)b); }
static inline int64_t ws_subtract(int64_t a, int64_t b) { return (int64_t)((uint64_t)a - (uint64_t)b); }

/// elapsed * rate, rounded down.
static inline int64_t ws_scale(int64_t elapsed, int64_t rate) {
  return (int64_t)(((ws_int128)elapsed * rate) >> WS_CLOCK_RATE_BITS);
}

/// How long until a gain of `gain` (> 0) is reached at `rate`, rounded up; WS_CLOCK_NEVER beyond 292 years.
static inline int64_t ws_unscale(int64_t gain, int64_t rate) {
  if (rate == WS_CLOCK_TRUE_RATE) return gain;
  if (rate <= 0) return WS_CLOCK_NEVER;
  const uint64_t high = (uint64_t)gain >> (64 - WS_CLOCK_RATE_BITS);
  const uint64_t low = (uint64_t)gain << WS_CLOCK_RATE_BITS;
  if (high >= (uint64_t)rate) return WS_CLOCK_NEVER;
#if defined(__x86_64__)
  uint64_t quotient, remainder;  // the compiler would call a function of its library
  __asm__("divq %4" : "=a"(quotient), "=d"(remainder) : "a"(low), "d"(high), "r"((uint64_t)rate) : "cc");
#else
  const ws_uint128 dividend = ((ws_uint128)high << 64) | low;
  const uint64_t quotient = (uint64_t)(dividend / (uint64_t)rate), remainder = (uint64_t)(dividend % (uint64_t)rate);
#endif
  if (quotient >= (uint64_t)WS_CLOCK_NEVER) return WS_CLOCK_NEVER;
  return (int64_t)(quotient + (remainder != 0));
}

static inline uint32_t ws_segment_count(const struct ws_clock_line* line) {
  const uint32_t count = line->count;
  return count > (uint32_t)WS_CLOCK_SEGMENTS ? (uint32_t)WS_CLOCK_SEGMENTS : count;
}

/// The segment in force at `now`: the last that has begun, the first before that.
static inline uint32_t ws_segment_at(const struct ws_clock_line* line, int64_t now) {
  uint32_t low = 0, high = ws_segment_count(line);
  if (high < 2 || now < line->segment[1].start) return 0;
  while (high - low > 1) {
    const uint32_t middle = (low + high) / 2;
    if (line->segment[middle].start <= now)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static inline int64_t ws_segment_value(const struct ws_clock_segment* segment, int64_t now) {
  const int64_t elapsed = ws_subtract(now, segment->start);
  if (segment->rate == WS_CLOCK_TRUE_RATE) return ws_add(segment->base, elapsed);
  return ws_add(segment->base, ws_scale(elapsed, segment->rate));
}

static inline uint32_t ws_strobe_count(const struct ws_clock_line* line) {
  const uint32_t count = line->strobes;
  return count > (uint32_t)WS_CLOCK_STROBES ? (uint32_t)WS_CLOCK_STROBES : count;
}

static inline int64_t ws_strobe_value(const struct ws_clock_strobe* strobe, int64_t now) {
  const int64_t half = strobe->half_period;
  if (half <= 0 || now < strobe->start || now >= strobe->end) return 0;
  return (((uint64_t)now - (uint64_t)strobe->start) / (uint64_t)half) % 2 == 0 ? strobe->delta : 0;
}

/// What a line that is no identity shows at `now`.
static inline int64_t ws_line_value(const struct ws_clock_line* line, int64_t now) {
  int64_t value = ws_segment_value(&line->segment[ws_segment_at(line, now)], now);
  for (uint32_t i = 0, count = ws_strobe_count(line); i < count; ++i)
    value = ws_add(value, ws_strobe_value(&line->strobe[i], now));
  return value;
}

/// The first instant from `now` on at which the segments alone show `target` or more; WS_CLOCK_NEVER if they do not.
static inline int64_t ws_segments_reach(const struct ws_clock_line* line, int64_t now, int64_t target) {
  const uint32_t count = ws_segment_count(line);
  for (uint32_t i = ws_segment_at(line, now); i < count; ++i) {
    const struct ws_clock_segment* segment = &line->segment[i];
    const int64_t begin = now > segment->start || i == 0 ? now : segment->start;
    const int64_t end = i + 1 < count ? line->segment[i + 1].start : WS_CLOCK_NEVER;
    const int64_t value = ws_segment_value(segment, begin);
    if (value >= target) return begin;
    const int64_t wait = ws_unscale(ws_subtract(target, segment->base), segment->rate);
    if (wait == WS_CLOCK_NEVER) continue;
    const int64_t due = ws_add(segment->start, wait);
    if (due >= begin && due < end) return due;
  }
  return WS_CLOCK_NEVER;
}

/// The first instant from `from` on at which a strobe is in one of its high halves; WS_CLOCK_NEVER after its end.
static inline int64_t ws_strobe_next_high(const struct ws_clock_strobe* strobe, int64_t from) {
  if (strobe->half_period <= 0 || from >= strobe->end) return WS_CLOCK_NEVER;
  if (from <= strobe->start) return strobe->start;
  const uint64_t half = (uint64_t)strobe->half_period;
  const uint64_t phase = ((uint64_t)from - (uint64_t)strobe->start) / half;
  if (phase % 2 == 0) return from;
  const int64_t next = ws_add(strobe->start, (int64_t)((phase + 1) * half));
  return next < strobe->end ? next : WS_CLOCK_NEVER;
}

/// When to look whether a line shows `target`: the first instant from `now` on at which it may. Under one strobe exact;
/// under several never late for one of them alone. Whoever waits looks again when it has come.
static inline int64_t ws_line_reach(const struct ws_clock_line* line, int64_t now, int64_t target) {
  int64_t due = ws_segments_reach(line, now, target);
  for (uint32_t i = 0, count = ws_strobe_count(line); i < count; ++i) {
    const struct ws_clock_strobe* strobe = &line->strobe[i];
    const int64_t raised = ws_segments_reach(line, now, ws_subtract(target, strobe->delta));
    if (raised == WS_CLOCK_NEVER) continue;
    const int64_t high = ws_strobe_next_high(strobe, raised);
    if (strobe->delta > 0 && high < due) due = high;
    // Held back by it, the line shows the target only once the strobe lets go.
    if (strobe->delta < 0 && due != WS_CLOCK_NEVER && ws_strobe_value(strobe, due) != 0) {
      const int64_t phase = (int64_t)(((uint64_t)due - (uint64_t)strobe->start) / (uint64_t)strobe->half_period);
      const int64_t low = ws_add(strobe->start, (int64_t)((uint64_t)(phase + 1) * (uint64_t)strobe->half_period));
      due = low < raised ? low : raised;
    }
  }
  return due;
}
