#include "lab/clock/calls.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>
#include <optional>
#include <time.h>

#include <linux/futex.h>
#include <sys/syscall.h>
#include <sys/time.h>

#include "lab/clock/arithmetic.h"
#include "lab/clock/shapes.hpp"
#include "lab/clock/timers.hpp"
#include "lab/clock/wait_jobs.hpp"
#include "lab/clock/wait_protocol.h"

namespace withstand::lab::clock {
namespace {

std::optional<ws_clock_line_id> line_of(int clock) {
  switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE:
    case CLOCK_REALTIME_ALARM:
      return WS_WALL;
    case CLOCK_TAI:
      return WS_TAI;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_COARSE:
      return WS_STEADY;
    case CLOCK_BOOTTIME:
    case CLOCK_BOOTTIME_ALARM:
      return WS_BOOT;
    case CLOCK_MONOTONIC_RAW:
      return WS_RAW;
    default:
      return std::nullopt;
  }
}

Ns read(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return now.tv_sec * second + now.tv_nsec;
}

/// What a process of the domain is to see of a clock now; the coarse clocks are of their last tick, or of the switch of
/// their line if that was later.
Ns shown(const ws_clock_line& line, int clock) {
  if (clock == CLOCK_MONOTONIC_RAW) return ws_line_value(&line, read(clock));
  const Ns now = read(CLOCK_MONOTONIC);
  if (clock != CLOCK_REALTIME_COARSE && clock != CLOCK_MONOTONIC_COARSE) return ws_line_value(&line, now);
  return ws_line_value(&line, std::max(read(CLOCK_MONOTONIC_COARSE), line.segment[ws_segment_at(&line, now)].start));
}

timespec split(Ns value) { return {value / second, value % second}; }

/// By which clock a futex(2) waits until an instant: some operations always by CLOCK_REALTIME, the rest by a flag.
int clock_of_futex(std::uint64_t operation) {
  const bool always = (static_cast<int>(operation) & FUTEX_CMD_MASK) == FUTEX_LOCK_PI;
  return always || (operation & FUTEX_CLOCK_REALTIME) != 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC;
}

/// Where a wait's instant lies, and of which clock it is; nothing when it is of a clock that is never false.
struct Instant {
  std::uint64_t address = 0;
  ws_clock_line_id line = WS_WALL;
};
std::optional<Instant> instant_of(const seccomp_data& call) {
  const auto of = [&](int place, std::uint64_t clock) -> std::optional<Instant> {
    const auto line = line_of(static_cast<int>(clock));
    if (!line || *line == WS_RAW) return std::nullopt;
    return Instant{call.args[place], *line};
  };
  switch (call.nr) {
    case WS_NR_CLOCK_NANOSLEEP:
      return of(2, call.args[0]);
    case WS_NR_FUTEX:
      return of(3, static_cast<std::uint64_t>(clock_of_futex(call.args[1])));
    case WS_NR_FUTEX_WAITV:
      return of(3, call.args[4]);
    case WS_NR_FUTEX_WAIT:
      return of(4, call.args[5]);
    default:
      return of(4, CLOCK_REALTIME);
  }
}

bool is_instant(const timespec& time) { return time.tv_sec >= 0 && time.tv_nsec >= 0 && time.tv_nsec < second; }

}  // namespace

struct Calls::Question {
  DomainState& state;
  const os::SeccompListener& listener;
  const seccomp_notif& call;

  [[nodiscard]] pid_t thread() const { return static_cast<pid_t>(call.pid); }
  [[nodiscard]] std::uint64_t argument(int place) const { return call.data.args[place]; }
  void pass() const { listener.let_pass(call.id); }
  void refuse(int error) const { listener.answer(call.id, 0, error); }
  void give(std::int64_t value) const { listener.answer(call.id, value); }

  template <class T>
  [[nodiscard]] std::optional<T> get(std::uint64_t address) const {
    auto value = os::read_object<T>(thread(), address);
    if (!value || !listener.valid(call.id)) return std::nullopt;
    return value;
  }
  /// Writes what was asked for, if it was, and gives `value`; EFAULT where that cannot be written.
  template <class T>
  void give(std::uint64_t address, const T& result, std::int64_t value) const {
    if (address == 0 || os::write_object(thread(), address, result)) return give(value);
    refuse(EFAULT);
  }
};

/// On a machine whose clock source user space cannot read, the kernel's vDSO makes a system call: a true answer is due.
bool Calls::from_kernel_vdso(const seccomp_notif& question) const {
  const auto own = os::read_object<ws_clock_process>(static_cast<pid_t>(question.pid), WS_CLOCK_PROCESS_PAGE);
  const auto at = question.data.instruction_pointer;
  return own && own->magic == WS_CLOCK_MAGIC && at >= own->vdso && at < own->vdso + vdso_.size();
}

void Calls::answer(DomainState& state, const os::SeccompListener& listener, const seccomp_notif& question) {
  const Question asked{state, listener, question};
  switch (question.data.nr) {
    case SYS_clock_gettime:
    case SYS_gettimeofday:
    case SYS_time:
      return read_clock(asked);
    case SYS_clock_settime:
    case SYS_settimeofday:
      return set_clock(asked);
    case SYS_adjtimex:
      return adjust(asked, asked.argument(0));
    case SYS_clock_adjtime:
      if (static_cast<int>(asked.argument(0)) != CLOCK_REALTIME) return asked.pass();
      return adjust(asked, asked.argument(1));
    case SYS_timerfd_settime:
    case SYS_timer_settime:
      return set_timer(state, listener, question, tracer_);
    case SYS_io_uring_setup:
      ++state.coverage.rings;
      return asked.pass();
    default:
      return wait(asked);
  }
}

void Calls::read_clock(const Question& asked) {
  const int clock = asked.call.data.nr == SYS_clock_gettime ? static_cast<int>(asked.argument(0))
                    : asked.call.data.nr == SYS_time        ? CLOCK_REALTIME_COARSE
                                                            : CLOCK_REALTIME;
  const auto line = line_of(clock);
  if (!line || asked.state.shows_machine(*line) || from_kernel_vdso(asked.call)) return asked.pass();
  ++asked.state.coverage.reads;
  const timespec now = split(shown(asked.state.file.page().line[*line], clock));
  if (asked.call.data.nr == SYS_time) return asked.give(asked.argument(0), now.tv_sec, now.tv_sec);
  if (asked.call.data.nr == SYS_clock_gettime) {
    if (asked.argument(1) == 0) return asked.refuse(EFAULT);
    return asked.give(asked.argument(1), now, 0);
  }
  const struct timezone zone {};
  if (asked.argument(1) != 0 && !os::write_object(asked.thread(), asked.argument(1), zone)) return asked.refuse(EFAULT);
  asked.give(asked.argument(0), timeval{now.tv_sec, now.tv_nsec / 1000}, 0);
}

void Calls::set_clock(const Question& asked) {
  const bool old_call = asked.call.data.nr == SYS_settimeofday;
  if (!old_call && static_cast<int>(asked.argument(0)) != CLOCK_REALTIME) return asked.pass();  // EINVAL, or a device
  const std::uint64_t address = asked.argument(old_call ? 0 : 1);
  if (old_call && address == 0) return asked.pass();  // a time zone alone: the kernel has its answer
  const auto given = asked.get<timespec>(address);
  if (!given) return asked.refuse(EFAULT);
  const long fraction = old_call ? given->tv_nsec * 1000 : given->tv_nsec;
  const bool sound =
      given->tv_sec >= 0 && given->tv_sec < last_instant / second && given->tv_nsec >= 0 && fraction < second;
  if (!sound) return asked.refuse(EINVAL);
  if (asked.state.may_set == 0) {
    ++asked.state.coverage.refused_sets;
    return asked.refuse(EPERM);
  }
  ++asked.state.coverage.sets;
  set_wall_(asked.state, given->tv_sec * second + fraction);
  asked.give(0);
}

void Calls::adjust(const Question& asked, std::uint64_t address) {
  auto request = asked.get<timex>(address);
  if (!request) return asked.refuse(EFAULT);
  const bool only_reads = request->modes == 0 || request->modes == ADJ_OFFSET_SS_READ;
  if (!only_reads && asked.state.may_set == 0) {
    ++asked.state.coverage.refused_sets;
    return asked.refuse(EPERM);
  }
  const int result = asked.state.domain.adjust(*request, steady_now());
  if (!only_reads) {
    ++asked.state.coverage.sets;
    adjusted_(asked.state);
  }
  if (result < 0) return asked.refuse(-result);
  asked.give(address, *request, result);
}

/// Where the instant has come nobody needs to wait: what the kernel answers then. Nothing where it looks at more than
/// that first: locks, queues.
std::optional<int> Calls::answer_at_once(const Question& asked, std::int64_t target, int line) {
  const auto& shown = asked.state.file.page().line[line];
  if (ws_line_value(&shown, steady_now()) < ws_subtract(target, shown.early)) return std::nullopt;
  if (asked.call.data.nr == WS_NR_CLOCK_NANOSLEEP) return 0;
  const bool plain = asked.call.data.nr == WS_NR_FUTEX &&
                     (static_cast<int>(asked.argument(1)) & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET &&
                     asked.argument(5) != 0;
  if (!plain || asked.argument(0) % sizeof(std::uint32_t) != 0) return std::nullopt;
  const auto word = asked.get<std::uint32_t>(asked.argument(0));
  if (!word) return std::nullopt;
  return *word == static_cast<std::uint32_t>(asked.argument(2)) ? ETIMEDOUT : EAGAIN;
}

void Calls::wait(const Question& asked) {
  const auto instant = instant_of(asked.call.data);
  const auto value = instant ? asked.get<timespec>(instant->address) : std::nullopt;
  if (!value || !is_instant(*value)) return asked.pass();  // the kernel says what is wrong with it
  const int number = asked.call.data.nr;
  if (!asked.state.shows_machine(instant->line)) {
    const bool far = value->tv_sec >= WS_CLOCK_NEVER / second;
    const auto over =
        far ? std::nullopt : answer_at_once(asked, value->tv_sec * second + value->tv_nsec, instant->line);
    if (over) {
      ++asked.state.coverage.waits;
      return *over == 0 ? asked.give(0) : asked.refuse(*over);
    }
  }
  asked.state.waits[asked.thread()] = number;
  if (asked.state.shows_machine(instant->line)) return asked.pass();
  if (tracer_.hold(asked.thread(), std::make_unique<LeadJob>(number)) != 0) return asked.pass();
  ++asked.state.coverage.waits;
  os::interrupt(asked.thread());
  asked.give(0);
}

}  // namespace withstand::lab::clock
