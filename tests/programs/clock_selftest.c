// What the kernel's own self-tests of its clocks and timers ask (tools/testing/selftests/timers: leap-a-day, leapcrash,
// set-2038, inconsistency-check, nanosleep, posix_timers, set-timer-lat, skew_consistency, adjtick), asked anew: of the
// machine's clocks, or of those of a clock domain. Prints "NAME VALUE" lines; whoever runs it judges them. What sets a
// clock sets the one that it sees: run it in a domain, or on a machine to throw away.

#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/timex.h>

enum { second = 1000000000 };
enum { day = 86400 };

static const struct {
  const char* name;
  int id;
} clocks[] = {{"realtime", CLOCK_REALTIME},
              {"monotonic", CLOCK_MONOTONIC},
              {"raw", CLOCK_MONOTONIC_RAW},
              {"realtime-coarse", CLOCK_REALTIME_COARSE},
              {"monotonic-coarse", CLOCK_MONOTONIC_COARSE},
              {"boottime", CLOCK_BOOTTIME},
              {"tai", CLOCK_TAI}};
enum { clock_count = sizeof clocks / sizeof clocks[0] };

static int64_t nanoseconds(struct timespec time) { return time.tv_sec * (int64_t)second + time.tv_nsec; }
static struct timespec instant(int64_t value) { return (struct timespec){value / second, value % second}; }

static int64_t now(int clock) {
  struct timespec time;
  clock_gettime(clock, &time);
  return nanoseconds(time);
}

static void say(const char* name, int64_t value) { printf("%s %lld\n", name, (long long)value); }

static int failed(const char* what) {
  printf("%s-failed %d\n", what, errno);
  return 1;
}

static int set_clock(int64_t wall) {
  const struct timespec time = instant(wall);
  return clock_settime(CLOCK_REALTIME, &time);
}

/// As a time daemon does it: from the phase-locked loop to none takes the state back, whatever it was.
static int set_status(int status) {
  struct timex request = {.modes = ADJ_STATUS, .status = STA_PLL};
  if (adjtimex(&request) < 0) return -1;
  request = (struct timex){.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR, .status = status};
  return adjtimex(&request);
}

struct sleeper {
  int64_t until, woke;
};

static void* sleep_until(void* argument) {
  struct sleeper* sleeper = argument;
  const struct timespec due = instant(sleeper->until);
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &due, NULL);
  sleeper->woke = now(CLOCK_REALTIME);
  return NULL;
}

/// The table of a leap second: what adjtimex(2) tells in the middle of each second, as the second relative to midnight,
/// the state, and TAI - UTC. A wait until midnight must not end before it.
static void watch_leap(long midnight, int64_t end) {
  long last = 0;
  int last_state = -1;
  int64_t before = 0, back = 0;
  while (now(CLOCK_MONOTONIC) < end) {
    struct timex request = {0};
    const int state = adjtimex(&request);
    const int64_t wall = now(CLOCK_REALTIME);
    if (before - wall > back) back = before - wall;
    before = wall;
    const long shown = request.time.tv_sec - midnight;
    const int is_middle = request.time.tv_usec > 300000 && request.time.tv_usec < 700000;
    if (is_middle && (shown != last || state != last_state)) {
      printf("row %ld/%d/%d\n", shown, state, request.tai);
      last = shown;
      last_state = state;
    }
    usleep(5000);
  }
  say("back", back);
}

static int leap(int flag) {
  const int64_t midnight = (now(CLOCK_REALTIME) / second / day + 1) * day;
  if (set_status(0) < 0) return failed("adjtimex");
  struct timex request = {.modes = ADJ_TAI, .constant = 37};
  adjtimex(&request);
  if (set_clock(midnight * second - 7 * (int64_t)second / 2) < 0) return failed("clock_settime");
  const int64_t end = now(CLOCK_MONOTONIC) + 63 * (int64_t)second / 10;
  if (set_status(flag) < 0) return failed("adjtimex");
  struct sleeper sleeper = {midnight * second, 0};
  pthread_t thread;
  pthread_create(&thread, NULL, sleep_until, &sleeper);
  watch_leap(midnight, end);
  pthread_join(thread, NULL);
  say("woke-after-midnight", sleeper.woke - sleeper.until);
  set_status(0);
  usleep(1200000);
  request = (struct timex){0};
  say("state-in-the-end", adjtimex(&request));
  say("tai-in-the-end", request.tai);
  return 0;
}

/// Flags set and cleared without end around midnights: no state must get stuck, no clock run away.
static int leap_storm(void) {
  const int64_t midnight = (now(CLOCK_REALTIME) / second / day + 1) * day;
  for (int round = 0; round < 20; ++round) {
    if (set_clock(midnight * second - second / 10) < 0) return failed("clock_settime");
    for (int i = 0; i < 10; ++i) {
      set_status(i % 2 == 0 ? STA_INS : STA_DEL);
      usleep(10000);
      set_status(0);
    }
    usleep(30000);
  }
  sleep(2);
  struct timex request = {0};
  say("state", adjtimex(&request));
  say("after-midnight", now(CLOCK_REALTIME) - midnight * second);
  return 0;
}

/// The largest step back of any clock between two readings in turn, and of the wall clock between threads.
static int consistency(long milliseconds) {
  int64_t last[clock_count] = {0}, worst[clock_count] = {0}, readings = 0;
  for (const int64_t end = now(CLOCK_MONOTONIC) + milliseconds * 1000000; now(CLOCK_MONOTONIC) < end; ++readings) {
    for (int i = 0; i < clock_count; ++i) {
      const int64_t read = now(clocks[i].id);
      if (last[i] - read > worst[i]) worst[i] = last[i] - read;
      last[i] = read;
    }
  }
  for (int i = 0; i < clock_count; ++i) say(clocks[i].name, worst[i]);
  say("readings", readings);
  return 0;
}

/// The wall clock over the end of 32-bit time: readings, and a wait across it.
static int year_2038(void) {
  const int64_t end_of_time = INT64_C(0x7fffffff) * second;
  const int64_t from = now(CLOCK_MONOTONIC);
  if (set_clock(end_of_time - second) < 0) return failed("clock_settime");
  struct timespec due = instant(end_of_time + 2 * (int64_t)second);
  clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &due, NULL);
  say("waited", now(CLOCK_MONOTONIC) - from);
  say("shown", now(CLOCK_REALTIME) - end_of_time);
  say("time", time(NULL) - INT64_C(0x7fffffff));
  struct timeval here;
  gettimeofday(&here, NULL);
  say("gettimeofday", here.tv_sec - INT64_C(0x7fffffff));
  return 0;
}

/// The earliest end of sleeps of many lengths, spans and until instants, by each clock; and the latest.
static int sleeps(void) {
  static const int ids[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};
  int64_t earliest = INT64_MAX, latest = 0;
  for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; ++i) {
    for (int64_t length = 10; length <= 100000000; length *= 10) {
      for (int is_instant = 0; is_instant < 2; ++is_instant) {
        const int64_t start = now(ids[i]);
        const struct timespec due = instant(is_instant ? start + length : length);
        if (clock_nanosleep(ids[i], is_instant ? TIMER_ABSTIME : 0, &due, NULL) != 0) return failed("clock_nanosleep");
        const int64_t late = now(ids[i]) - start - length;
        if (late < earliest) earliest = late;
        if (late > latest) latest = late;
      }
    }
  }
  say("earliest", earliest);
  say("latest", latest);
  return 0;
}

static int64_t wait_signals(sigset_t* set, int count) {
  for (int i = 0; i < count; ++i) {
    int number = 0;
    sigwait(set, &number);
  }
  return now(CLOCK_MONOTONIC);
}

/// timer_create(2) by each clock, until an instant and for a span, once and again and again: how late the fifth comes.
static int timers(void) {
  static const int ids[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME, CLOCK_TAI};
  static const char* const names[] = {"realtime", "monotonic", "boottime", "tai"};
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGRTMIN);
  sigprocmask(SIG_BLOCK, &set, NULL);
  for (unsigned i = 0; i < sizeof ids / sizeof ids[0]; ++i) {
    for (int is_instant = 0; is_instant < 2; ++is_instant) {
      for (int repeats = 0; repeats < 2; ++repeats) {
        struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN};
        timer_t timer;
        if (timer_create(ids[i], &event, &timer) != 0) return failed("timer_create");
        const int64_t interval = repeats ? 20000000 : 0, first = 50000000;
        const int64_t start = now(CLOCK_MONOTONIC);
        const struct itimerspec value = {instant(interval), instant(is_instant ? now(ids[i]) + first : first)};
        if (timer_settime(timer, is_instant ? TIMER_ABSTIME : 0, &value, NULL) != 0) return failed("timer_settime");
        const int64_t late = wait_signals(&set, repeats ? 5 : 1) - start - first - 4 * interval;
        printf("%s-%s-%s %lld\n", names[i], is_instant ? "instant" : "span", repeats ? "repeated" : "once",
               (long long)late);
        timer_delete(timer);
      }
    }
  }
  return 0;
}

/// setitimer(2): by the true time, and by processor time, which nobody makes false.
static int intervals(void) {
  static const struct {
    const char* name;
    int which, signal;
  } kinds[] = {
      {"real", ITIMER_REAL, SIGALRM}, {"virtual", ITIMER_VIRTUAL, SIGVTALRM}, {"profile", ITIMER_PROF, SIGPROF}};
  for (unsigned i = 0; i < sizeof kinds / sizeof kinds[0]; ++i) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, kinds[i].signal);
    sigprocmask(SIG_BLOCK, &set, NULL);
    const struct itimerval value = {{0, 0}, {0, 100000}};
    const int by = kinds[i].which == ITIMER_REAL ? CLOCK_MONOTONIC : CLOCK_PROCESS_CPUTIME_ID;
    const int64_t start = now(by);
    if (setitimer(kinds[i].which, &value, NULL) != 0) return failed("setitimer");
    sigset_t pending;
    do {
      sigpending(&pending);
    } while (!sigismember(&pending, kinds[i].signal));
    say(kinds[i].name, now(by) - start - 100000000);
  }
  return 0;
}

/// CLOCK_REALTIME and CLOCK_MONOTONIC_RAW at one instant of CLOCK_MONOTONIC: of many tries the one that took least.
struct together {
  int64_t steady, wall, raw;
};
static struct together look(void) {
  struct together best = {0, 0, 0};
  int64_t least = INT64_MAX;
  for (int tries = 0; tries < 200; ++tries) {
    const int64_t before = now(CLOCK_MONOTONIC), wall = now(CLOCK_REALTIME), raw = now(CLOCK_MONOTONIC_RAW);
    const int64_t after = now(CLOCK_MONOTONIC);
    if (after - before >= least) continue;
    least = after - before;
    best = (struct together){before + (after - before) / 2, wall, raw};
  }
  return best;
}

/// Where one clock runs, against another, in thousand-millionths.
static int skew(long milliseconds) {
  const struct together first = look();
  usleep((useconds_t)milliseconds * 1000);
  const struct together last = look();
  const int64_t walls = last.wall - first.wall, steadies = last.steady - first.steady, raws = last.raw - first.raw;
  say("wall-by-monotonic", (int64_t)((double)(walls - steadies) / (double)steadies * 1e9));
  say("raw-by-monotonic", (int64_t)((double)(raws - steadies) / (double)steadies * 1e9));
  return 0;
}

/// A timerfd to an instant, repeated, and what timerfd_gettime(2) and the old value tell of it.
static int timer_file(void) {
  const int timer = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC);
  const int64_t start = now(CLOCK_MONOTONIC);
  const struct itimerspec value = {instant(30000000), instant(now(CLOCK_REALTIME) + 300000000)};
  if (timerfd_settime(timer, TFD_TIMER_ABSTIME, &value, NULL) != 0) return failed("timerfd_settime");
  struct itimerspec left;
  timerfd_gettime(timer, &left);
  say("left", nanoseconds(left.it_value));
  say("interval", nanoseconds(left.it_interval));
  uint64_t expired = 0, all = 0;
  while (all < 5 && read(timer, &expired, sizeof expired) == sizeof expired) all += expired;
  say("late", now(CLOCK_MONOTONIC) - start - 300000000 - (int64_t)(all - 1) * 30000000);
  struct itimerspec old;
  const struct itimerspec again = {{0, 0}, instant(now(CLOCK_REALTIME) + 5 * (int64_t)second)};
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &again, &old);
  say("old-interval", nanoseconds(old.it_interval));
  say("old-left", nanoseconds(old.it_value));
  return 0;
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  const long amount = argc > 2 ? atol(argv[2]) : 0;
  if (strcmp(what, "leap-insert") == 0) return leap(STA_INS);
  if (strcmp(what, "leap-delete") == 0) return leap(STA_DEL);
  if (strcmp(what, "leap-storm") == 0) return leap_storm();
  if (strcmp(what, "consistency") == 0) return consistency(amount);
  if (strcmp(what, "year-2038") == 0) return year_2038();
  if (strcmp(what, "sleeps") == 0) return sleeps();
  if (strcmp(what, "timers") == 0) return timers();
  if (strcmp(what, "intervals") == 0) return intervals();
  if (strcmp(what, "skew") == 0) return skew(amount);
  if (strcmp(what, "timer-file") == 0) return timer_file();
  fprintf(stderr, "clock_selftest: what is \"%s\"?\n", what);
  return 2;
}
