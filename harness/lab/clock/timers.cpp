#include "lab/clock/timers.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>

#include "lab/clock/arithmetic.h"
#include "lab/clock/cancel_job.hpp"
#include "lab/clock/remote_call_job.hpp"
#include "lab/clock/shapes.hpp"
#include "os/pidfd.hpp"

namespace withstand::lab::clock {
namespace {

/// Nothing for a clock that is never false in the domain.
std::optional<ws_clock_line_id> line_of(int clock, bool steady_too) {
  switch (clock) {
    case 0:  // CLOCK_REALTIME, _ALARM
    case 8:
      return WS_WALL;
    case 11:
      return WS_TAI;
    case 1:
      return steady_too ? std::optional(WS_STEADY) : std::nullopt;
    case 7:  // CLOCK_BOOTTIME, _ALARM
    case 9:
      return steady_too ? std::optional(WS_BOOT) : std::nullopt;
    default:
      return std::nullopt;
  }
}

/// How far the machine's own clock of a line is ahead of its CLOCK_MONOTONIC.
Ns ahead_of_steady(const MachineTime& now, ws_clock_line_id line) {
  switch (line) {
    case WS_WALL:
      return now.wall - now.steady;
    case WS_TAI:
      return now.wall - now.steady + now.tai * second;
    case WS_BOOT:
      return now.boot - now.steady;
    default:
      return 0;
  }
}

bool is_valid(const timespec& time) { return time.tv_sec >= 0 && time.tv_nsec >= 0 && time.tv_nsec < second; }

bool arms(const itimerspec& value) {
  return is_valid(value.it_value) && is_valid(value.it_interval) &&
         (value.it_value.tv_sec != 0 || value.it_value.tv_nsec != 0);
}

Ns nanoseconds(const timespec& time) {
  if (time.tv_sec >= INT64_MAX / second) return INT64_MAX;
  return time.tv_sec * second + time.tv_nsec;
}

/// Never zero, which would disarm.
timespec instant(Ns value) {
  const Ns safe = std::max<Ns>(value, 1);
  return {safe / second, safe % second};
}

/// "clockid: 0" in fdinfo of a timerfd, and whether it is armed; nothing when the descriptor is none.
struct FileInfo {
  int clock = 0;
  bool armed = false;
};
std::optional<FileInfo> file_info(pid_t process, int descriptor) {
  std::ifstream file(fmt::format("/proc/{}/fdinfo/{}", process, descriptor));
  std::optional<FileInfo> info;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("clockid:", 0) == 0) info = FileInfo{std::stoi(line.substr(8)), false};
    if (info && line.rfind("it_value:", 0) == 0) info->armed = line.find("(0, 0)") == std::string::npos;
  }
  return info;
}

/// Of timer_create(2), from /proc/PID/timers; nothing when the kernel does not tell.
std::optional<int> clock_of_timer(pid_t process, int id) {
  std::ifstream file(fmt::format("/proc/{}/timers", process));
  bool ours = false;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind("ID:", 0) == 0) ours = std::stoi(line.substr(3)) == id;
    if (ours && line.rfind("ClockID:", 0) == 0) return std::stoi(line.substr(8));
  }
  return std::nullopt;
}

os::Fd fetch(pid_t process, int descriptor) {
  const os::Fd handle(static_cast<int>(::syscall(SYS_pidfd_open, process, 0)));
  if (!handle.valid()) return {};
  return os::Fd(static_cast<int>(::syscall(SYS_pidfd_getfd, handle.get(), descriptor, 0)));
}

/// In the time of the machine's clock that the timer was made for.
itimerspec converted(const DomainState& state, const InstantTimer& timer) {
  const Ns early = timer.line == WS_WALL ? state.domain.early() : 0;
  const Ns due = machine_instant(state, timer.line, timer.due - early);
  itimerspec value{};
  value.it_value = instant(due);
  if (timer.interval > 0) value.it_interval = instant(timer.interval);
  return value;
}

void forget(DomainState& state, const InstantTimer& timer) {
  state.timers.remove_if([&](const InstantTimer& each) {
    return each.process == timer.process && each.is_file == timer.is_file && each.id == timer.id;
  });
}

void set_file_timer(DomainState& state, const os::SeccompListener& listener, const seccomp_notif& question,
                    const InstantTimer& timer) {
  const os::Fd file = fetch(timer.process, timer.id);
  const itimerspec value = converted(state, timer);
  itimerspec before{};
  if (!file.valid() || ::timerfd_settime(file.get(), timer.flags, &value, &before) < 0) {
    listener.let_pass(question.id);
    return;
  }
  if (question.data.args[3] != 0) os::write_object(static_cast<pid_t>(question.pid), question.data.args[3], before);
  ++state.coverage.timers;
  listener.answer(question.id, 0);
}

RemoteCallJob::Call timer_call(const DomainState& state, const InstantTimer& timer, std::uint64_t old_value) {
  const itimerspec value = converted(state, timer);
  RemoteCallJob::Call call;
  call.number = SYS_timer_settime;
  call.arguments[0] = static_cast<std::uint64_t>(timer.id);
  call.arguments[1] = TIMER_ABSTIME;
  call.arguments[3] = old_value;
  call.pointer = 2;
  call.bytes.resize(sizeof value);
  std::memcpy(call.bytes.data(), &value, sizeof value);
  return call;
}

}  // namespace

Ns machine_instant(const DomainState& state, ws_clock_line_id line, Ns due) {
  if (state.shows_machine(line)) return due;
  const MachineTime now = machine_time();
  const Ns ahead = ahead_of_steady(now, line);
  const Ns reached = ws_line_reach(&state.file.page().line[line], now.steady, due);
  // What is read last is ahead: on a machine that never slept, by less than nothing as often as not.
  return reached >= WS_CLOCK_NEVER - std::max<Ns>(ahead, 0) ? WS_CLOCK_NEVER : reached + ahead;
}

void set_timer(DomainState& state, const os::SeccompListener& listener, const seccomp_notif& question, Tracer& tracer) {
  const auto thread = static_cast<pid_t>(question.pid);
  InstantTimer timer;
  timer.process = process_of(thread);
  timer.is_file = question.data.nr == SYS_timerfd_settime;
  timer.id = static_cast<int>(question.data.args[0]);
  timer.flags = static_cast<int>(question.data.args[1]);
  const auto info = timer.is_file ? file_info(timer.process, timer.id) : std::nullopt;
  const auto clock =
      timer.is_file ? (info ? std::optional(info->clock) : std::nullopt) : clock_of_timer(timer.process, timer.id);
  const auto line = clock ? line_of(*clock, state.steady_too) : std::nullopt;
  const auto value = os::read_object<itimerspec>(thread, question.data.args[2]);
  forget(state, timer);
  if (!line || !value || !arms(*value) || (timer.flags & TFD_TIMER_ABSTIME) == 0) {
    listener.let_pass(question.id);
    return;
  }
  timer.line = *line;
  timer.due = nanoseconds(value->it_value);
  timer.interval = nanoseconds(value->it_interval);
  state.timers.push_back(timer);
  if (state.shows_machine(timer.line)) {
    listener.let_pass(question.id);
    return;
  }
  if (timer.is_file) return set_file_timer(state, listener, question, timer);
  std::vector<RemoteCallJob::Call> calls{timer_call(state, timer, question.data.args[3])};
  calls[0].becomes_result = true;
  if (tracer.hold(thread, std::make_unique<RemoteCallJob>(std::move(calls))) != 0) {
    listener.let_pass(question.id);
    return;
  }
  ++state.coverage.timers;
  os::interrupt(thread);
  listener.answer(question.id, 0);
}

void settle_timers(DomainState& state, Ns t) {
  for (auto timer = state.timers.begin(); timer != state.timers.end();) {
    const Ns shown = state.domain.shown(timer->line, t);
    if (shown >= timer->due && timer->interval == 0) {
      timer = state.timers.erase(timer);
      continue;
    }
    if (shown >= timer->due) timer->due += ((shown - timer->due) / timer->interval + 1) * timer->interval;
    ++timer;
  }
}

namespace {

/// False when it has gone, or was disarmed; one that has `expired` for other reasons than its own is set all the same.
bool set_file_timer_again(const DomainState& state, const InstantTimer& timer, bool expired) {
  const auto info = file_info(timer.process, timer.id);
  if (!info || line_of(info->clock, state.steady_too) != timer.line || (!info->armed && !expired)) return false;
  const os::Fd file = fetch(timer.process, timer.id);
  if (!file.valid()) return false;
  const itimerspec value = converted(state, timer);
  return ::timerfd_settime(file.get(), timer.flags, &value, nullptr) == 0;
}

/// Who asked to be told that the clock was set is woken, and its next read fails.
bool cancel(DomainState& state, const InstantTimer& timer, Tracer& tracer) {
  const auto info = file_info(timer.process, timer.id);
  if (!info || line_of(info->clock, state.steady_too) != timer.line) return false;
  const os::Fd file = fetch(timer.process, timer.id);
  if (!file.valid()) return false;
  const auto cancellation = std::make_shared<Cancellation>(
      timer, steady_now() + second, [&state, timer] { set_file_timer_again(state, timer, true); });
  state.cancellations.push_back(cancellation);
  watch_for_read(cancellation, tracer);
  itimerspec at_once{};
  at_once.it_value = instant(1);
  return ::timerfd_settime(file.get(), timer.flags, &at_once, nullptr) == 0;
}

}  // namespace

void set_timers_again(DomainState& state, Tracer& tracer, bool was_set) {
  std::map<pid_t, std::vector<RemoteCallJob::Call>> calls;
  state.timers.remove_if([&](const InstantTimer& timer) {
    if (timer.is_file && was_set && (timer.flags & TFD_TIMER_CANCEL_ON_SET) != 0) return !cancel(state, timer, tracer);
    if (timer.is_file) return !set_file_timer_again(state, timer, false);
    const auto clock = clock_of_timer(timer.process, timer.id);
    if (!clock || line_of(*clock, state.steady_too) != timer.line) return true;
    calls[timer.process].push_back(timer_call(state, timer, 0));
    return false;
  });
  for (auto& [process, made] : calls) {
    if (tracer.job_of(process) != nullptr) continue;
    if (tracer.hold(process, std::make_unique<RemoteCallJob>(std::move(made))) == 0) os::interrupt(process);
  }
}

void end_cancellations(DomainState& state, Tracer& tracer) {
  const Ns now = steady_now();
  for (auto each = state.cancellations.begin(); each != state.cancellations.end();) {
    if ((*each)->deadline() <= now) (*each)->end();
    if (!(*each)->is_over()) {
      ++each;
      continue;
    }
    stop_watching(**each, tracer);
    each = state.cancellations.erase(each);
  }
}

}  // namespace withstand::lab::clock
