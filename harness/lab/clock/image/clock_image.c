// The vDSO that the processes of a clock domain see. It asks the kernel's own vDSO what time it is, at the address that
// the process page names, and shows what the shared clock page makes of it. Freestanding, without data of its own,
// without relocations: whoever maps the file at its address has it running. It keeps to general registers, as it also
// runs where a thread believes itself in a system call.

#include <stddef.h>
#include <stdint.h>

#include "lab/clock/arithmetic.h"
#include "lab/clock/image/waits.h"

#define EXPORT __attribute__((visibility("default"), used))
#define LIKELY(x) __builtin_expect(!!(x), 1)

struct timeval_here {
  int64_t sec, usec;
};

enum { kernel_time = 201, kernel_gettimeofday = 96, kernel_clock_gettime = 228, kernel_clock_getres = 229 };
enum { kernel_getcpu = 309 };
enum { no_system_call = -38, second = 1000000000 };

/// A coarse clock is at most this old. Ticks come at 100 Hz or more often, but a virtual processor may miss some.
enum { oldest_tick = 1000000000 };

static inline const struct ws_clock_page* shared(void) { return (const struct ws_clock_page*)WS_CLOCK_SHARED_PAGE; }
static inline const struct ws_clock_process* process(void) {
  return (const struct ws_clock_process*)WS_CLOCK_PROCESS_PAGE;
}

static inline long system_call2(long number, long a, long b) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b) : "rcx", "r11", "memory");
  return result;
}

static inline long system_call3(long number, long a, long b, long c) {
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "0"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
  return result;
}

long ws_real_clock_gettime(int id, struct ws_timespec* out) {
  const struct ws_clock_process* own = process();
  if (own->system_calls || own->clock_gettime == 0) return system_call2(kernel_clock_gettime, id, (long)out);
  return ((int (*)(int, struct ws_timespec*))own->clock_gettime)(id, out);
}

/// Which line shows this clock; negative: none, the kernel's own answer is right.
static inline int line_of(int id) {
  switch (id) {
    case WS_CLOCK_REALTIME:
    case WS_CLOCK_REALTIME_COARSE:
    case WS_CLOCK_REALTIME_ALARM:
      return WS_WALL;
    case WS_CLOCK_TAI:
      return WS_TAI;
    case WS_CLOCK_MONOTONIC:
    case WS_CLOCK_MONOTONIC_COARSE:
      return WS_STEADY;
    case WS_CLOCK_BOOTTIME:
    case WS_CLOCK_BOOTTIME_ALARM:
      return WS_BOOT;
    case WS_CLOCK_MONOTONIC_RAW:
      return WS_RAW;
    default:
      return -1;
  }
}

static inline int is_coarse(int id) { return id == WS_CLOCK_REALTIME_COARSE || id == WS_CLOCK_MONOTONIC_COARSE; }

static inline uint32_t begin_read(void) {
  for (;;) {
    const uint32_t sequence = __atomic_load_n(&shared()->sequence, __ATOMIC_ACQUIRE);
    if (LIKELY((sequence & 1) == 0)) return sequence;
    __asm__ volatile("pause");
  }
}

static inline int is_whole(uint32_t sequence) {
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return __atomic_load_n(&shared()->sequence, __ATOMIC_RELAXED) == sequence;
}

static inline int64_t nanoseconds(const struct ws_timespec* time) { return time->sec * second + time->nsec; }

static inline void split(int64_t value, struct ws_timespec* out) {
  if (LIKELY(value >= 0)) {
    out->sec = (int64_t)((uint64_t)value / second);
    out->nsec = (int64_t)((uint64_t)value % second);
    return;
  }
  out->sec = -(int64_t)(((uint64_t)-value + second - 1) / second);  // a strobe before 1970
  out->nsec = value - out->sec * second;
}

/// The instant at which a coarse clock was last set: its tick, or the switch of a line that came after that.
static inline long coarse_instant(const struct ws_clock_line* line, int64_t* now) {
  struct ws_timespec real;
  long failed = ws_real_clock_gettime(WS_CLOCK_MONOTONIC_COARSE, &real);
  if (failed) return failed;
  *now = nanoseconds(&real);
  const uint32_t at = ws_segment_at(line, *now);
  const int next_is_near = at + 1 < ws_segment_count(line) && line->segment[at + 1].start - *now < oldest_tick;
  if (!next_is_near && line->strobes == 0) return 0;
  failed = ws_real_clock_gettime(WS_CLOCK_MONOTONIC, &real);
  if (failed) return failed;
  const int64_t fine = nanoseconds(&real);
  if (line->strobes != 0) {
    *now = fine;
    return 0;
  }
  const int64_t switched = line->segment[ws_segment_at(line, fine)].start;
  if (switched > *now) *now = switched;
  return 0;
}

/// Apart, so that the way that is gone most keeps its values in registers.
static __attribute__((noinline, cold)) long shown_coarse(const struct ws_clock_line* line, struct ws_timespec* out) {
  int64_t now;
  const long failed = coarse_instant(line, &now);
  if (!failed) split(ws_line_value(line, now), out);
  return failed;
}

static __attribute__((noinline, cold)) void split_line_value(const struct ws_clock_line* line, int64_t now,
                                                             struct ws_timespec* out) {
  split(ws_line_value(line, now), out);
}

static __attribute__((noinline, cold)) void carry(struct ws_timespec* out) {
  struct ws_timespec more;
  split(out->nsec, &more);
  out->sec += more.sec;
  out->nsec = more.nsec;
}

static inline __attribute__((always_inline)) long shown(const struct ws_clock_line* line, int source,
                                                        struct ws_timespec* out) {
  struct ws_timespec real;
  const long failed = ws_real_clock_gettime(source, &real);
  if (failed) return failed;
  const int64_t now = nanoseconds(&real);
  const struct ws_clock_segment* segment = &line->segment[ws_segment_at(line, now)];
  if (!LIKELY(line->strobes == 0)) {
    split_line_value(line, now, out);
    return 0;
  }
  // The same as ws_line_value, to the nanosecond: what a rate adds is rounded down alike without the true time in it,
  // and mostly so small that nothing needs to be divided.
  out->sec = real.sec + segment->shift_seconds;
  out->nsec = real.nsec + segment->shift_rest;
  if (segment->rate != WS_CLOCK_TRUE_RATE) {
    out->nsec += ws_scale(ws_subtract(now, segment->start), segment->rate - WS_CLOCK_TRUE_RATE);
    if (!LIKELY((uint64_t)out->nsec < 2 * (uint64_t)second)) carry(out);
  }
  if (out->nsec >= second) {
    out->nsec -= second;
    ++out->sec;
  }
  return 0;
}

long ws_shown_clock_gettime(int id, struct ws_timespec* out) {
  const int which = line_of(id);
  if (which < 0) return ws_real_clock_gettime(id, out);
  const struct ws_clock_line* line = &shared()->line[which];
  struct ws_timespec result;
  for (;;) {
    const uint32_t sequence = begin_read();
    const int source = id == WS_CLOCK_MONOTONIC_RAW ? WS_CLOCK_MONOTONIC_RAW : WS_CLOCK_MONOTONIC;
    const long failed = line->identity  ? ws_real_clock_gettime(id, &result)
                        : is_coarse(id) ? shown_coarse(line, &result)
                                        : shown(line, source, &result);
    if (!LIKELY(is_whole(sequence))) continue;
    if (failed) return failed;
    *out = result;
    return 0;
  }
}

struct ws_due ws_due_of(int id, int64_t target) {
  const struct ws_clock_line* line = &shared()->line[line_of(id)];
  for (;;) {
    const uint32_t sequence = begin_read();
    struct ws_due due = {WS_CLOCK_NEVER, line->early, line->identity != 0};
    if (!due.identity) {
      struct ws_timespec real;
      ws_real_clock_gettime(WS_CLOCK_MONOTONIC, &real);
      due.instant = ws_line_reach(line, nanoseconds(&real), ws_subtract(target, due.early));
    }
    if (LIKELY(is_whole(sequence))) return due;
  }
}

EXPORT int __vdso_clock_gettime(int id, struct ws_timespec* out) { return (int)ws_shown_clock_gettime(id, out); }

EXPORT int __vdso_gettimeofday(struct timeval_here* out, void* zone) {
  if (zone != NULL) {  // its answer does not depend on the time
    const struct ws_clock_process* own = process();
    const long failed = own->system_calls || own->gettimeofday == 0
                            ? system_call2(kernel_gettimeofday, 0, (long)zone)
                            : ((int (*)(void*, void*))own->gettimeofday)(NULL, zone);
    if (failed) return (int)failed;
  }
  if (out != NULL) {
    struct ws_timespec now;
    const long failed = ws_shown_clock_gettime(WS_CLOCK_REALTIME, &now);
    if (failed) return (int)failed;
    out->sec = now.sec;
    out->usec = now.nsec / 1000;
  }
  return 0;
}

EXPORT long __vdso_time(int64_t* out) {
  struct ws_timespec now;
  if (ws_shown_clock_gettime(WS_CLOCK_REALTIME_COARSE, &now) != 0) return -1;
  if (out != NULL) *out = now.sec;
  return now.sec;
}

EXPORT int __vdso_clock_getres(int id, struct ws_timespec* out) {
  const struct ws_clock_process* own = process();
  if (own->clock_getres == 0) return (int)system_call2(kernel_clock_getres, id, (long)out);
  return ((int (*)(int, struct ws_timespec*))own->clock_getres)(id, out);
}

EXPORT long __vdso_getcpu(unsigned* cpu, unsigned* node, void* cache) {
  const struct ws_clock_process* own = process();
  if (own->getcpu == 0) return system_call3(kernel_getcpu, (long)cpu, (long)node, (long)cache);
  return ((long (*)(unsigned*, unsigned*, void*))own->getcpu)(cpu, node, cache);
}

/// Its callers ask first how large its state is, and go without where they are refused.
EXPORT long __vdso_getrandom(void* out, size_t size, unsigned flags, void* state, size_t state_size) {
  const struct ws_clock_process* own = process();
  if (own->getrandom == 0) return no_system_call;
  return ((long (*)(void*, size_t, unsigned, void*, size_t))own->getrandom)(out, size, flags, state, state_size);
}

#define ALIAS(name) __attribute__((weak, visibility("default"), alias("__vdso_" #name)))
int clock_gettime(int, struct ws_timespec*) ALIAS(clock_gettime);
int gettimeofday(struct timeval_here*, void*) ALIAS(gettimeofday);
long time(int64_t*) ALIAS(time);
int clock_getres(int, struct ws_timespec*) ALIAS(clock_getres);
long getcpu(unsigned*, unsigned*, void*) ALIAS(getcpu);
