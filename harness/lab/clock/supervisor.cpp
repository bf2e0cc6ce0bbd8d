#include "lab/clock/supervisor.hpp"

#include <algorithm>
#include <fstream>
#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/syscall.h>

#include "lab/clock/cancel_job.hpp"
#include "lab/clock/census.hpp"
#include "lab/clock/exec_job.hpp"
#include "lab/clock/timers.hpp"
#include "lab/clock/wait_jobs.hpp"
#include "os/check.hpp"

namespace withstand::lab::clock {
namespace {

/// Enough to compute and store a page even when this process is interrupted once.
constexpr Ns lead = 400'000;
constexpr Ns longest_lead = 400'000'000;
/// What showing a page takes at most, when nothing comes between.
constexpr Ns copying = 20'000;
constexpr std::size_t escapes_kept = 100;

std::string name_of(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/comm", process));
  std::string name;
  std::getline(file, name);
  return name;
}

/// Whether an exec of what the question names can succeed: programs search their PATH by trying.
bool may_succeed(const seccomp_notif& question) {
  if (question.data.nr != SYS_execve) return true;
  const auto thread = static_cast<pid_t>(question.pid);
  std::string path(4096, '\0');
  path.resize(os::read_memory(thread, question.data.args[0], std::as_writable_bytes(std::span(path))));
  path.resize(std::min(path.size(), path.find('\0')));
  if (path.empty()) return false;
  const std::string from = fmt::format("/proc/{}/{}", thread, path.front() == '/' ? "root" : "cwd/");
  return ::access((from + path).c_str(), X_OK) == 0;
}

/// Of the calls of 32-bit programs the filter asks about execs alone.
bool is_exec(const seccomp_data& call) {
  constexpr __u32 x86_64 = 0xc000003e;
  return call.arch != x86_64 || call.nr == SYS_execve || call.nr == SYS_execveat;
}

}  // namespace

Supervisor::Supervisor()
    : calls_(
          tracer_, vdso_,
          [this](DomainState& state, Ns wall) {
            settle_timers(state, steady_now());
            state.set_shares.push_back(state.domain.set_wall(wall, steady_now()));
            publish(state, true);
          },
          [this](DomainState& state) { publish(state, false); }) {}

Supervisor::Id Supervisor::add_domain() {
  domains_.push_back(std::make_unique<DomainState>());
  return static_cast<Id>(domains_.size() - 1);
}

void Supervisor::listen(Id id, os::Fd listener) { domain(id).listeners.emplace_back(std::move(listener)); }

Supervisor::Switch Supervisor::change(Id id, const std::function<void(Domain&, Ns)>& change) {
  DomainState& state = domain(id);
  settle_timers(state, steady_now());
  const MachineTime machine = machine_time();
  Switch made;
  for (Ns ahead = lead;; ahead *= 2) {
    Domain next = state.domain;
    next.observe(machine);
    const Ns begun = steady_now();
    made.at = begun + ahead;
    change(next, made.at);
    state.file.prepare(next, begun);
    // Interrupted too long meanwhile: nobody has seen anything of it yet.
    if (steady_now() > made.at - copying && ahead < longest_lead) continue;
    state.file.show();
    made.published = steady_now();
    state.domain = std::move(next);
    shown(state, state.domain.jumps_after(begun));
    return made;
  }
}

void Supervisor::publish(DomainState& state, bool was_set) {
  state.file.publish(state.domain, steady_now());
  shown(state, was_set);
}

/// Who waits by what was shown before has to think again.
void Supervisor::shown(DomainState& state, bool was_set) {
  wake_waits(state, tracer_);
  set_timers_again(state, tracer_, was_set);
}

void Supervisor::pass_events() {
  for (const auto& state : domains_) {
    end_cancellations(*state, tracer_);
    const Ns now = steady_now();
    if (state->domain.next_event() > now) continue;
    settle_timers(*state, now);
    state->domain.advance(now);
    publish(*state, false);
  }
}

Ns Supervisor::next_event() const {
  Ns first = INT64_MAX;
  for (const auto& state : domains_) {
    first = std::min(first, state->domain.next_event());
    for (const auto& each : state->cancellations) first = std::min(first, each->deadline());
  }
  return first;
}

void Supervisor::serve(Ns deadline, std::span<const int> also) {
  std::vector<pollfd> watched{{tracer_.descriptor(), POLLIN, 0}};
  for (const int each : also) watched.push_back({each, POLLIN, 0});
  for (const auto& state : domains_)
    for (const auto& listener : state->listeners) watched.push_back({listener.get(), POLLIN, 0});
  const Ns now = steady_now();
  const Ns wait = std::max(now, std::min(deadline, next_event())) - now;
  const timespec time{wait / 1'000'000'000, wait % 1'000'000'000};
  os::check("wait for clock domains",
            os::retry([&] { return ::ppoll(watched.data(), watched.size(), &time, nullptr); }));
  if (watched[0].revents != 0) tracer_.serve();
  std::size_t place = 1 + also.size();
  for (const auto& state : domains_) {
    for (auto listener = state->listeners.begin(); listener != state->listeners.end(); ++place) {
      const auto events = watched[place].revents;
      if ((events & POLLIN) != 0) answer(*state, *listener);
      const bool over = (events & (POLLHUP | POLLERR)) != 0 && (events & POLLIN) == 0;
      listener = over ? state->listeners.erase(listener) : std::next(listener);
    }
  }
  pass_events();
}

void Supervisor::answer(DomainState& state, const os::SeccompListener& listener) {
  const auto question = listener.next();
  if (!question) return;
  if (is_exec(question->data)) return on_exec(state, listener, *question);
  calls_.answer(state, listener, *question);
}

void Supervisor::on_exec(DomainState& state, const os::SeccompListener& listener, const seccomp_notif& question) {
  const auto thread = static_cast<pid_t>(question.pid);
  const auto* held = dynamic_cast<ExecJob*>(tracer_.job_of(thread));
  if (held != nullptr && held->wants_file() && ExecJob::asks_for_file(question.data.args[0])) {
    listener.answer_descriptor(question.id, state.file.descriptor());
    return;
  }
  const Ns begun = steady_now();
  auto job = std::make_unique<ExecJob>(vdso_, [this, &state, begun](pid_t process, const std::string& why_not) {
    if (!why_not.empty()) return escaped(state, process, why_not);
    ++state.coverage.programs;
    if (state.pid_namespace.empty()) state.pid_namespace = pid_namespace(process);
    state.coverage.inject_ns += steady_now() - begun;
  });
  const int error = tracer_.hold(thread, std::move(job));
  if (error != 0) {
    if (error != ESRCH && may_succeed(question)) escaped(state, thread, "another process traces it (ptrace)");
    listener.let_pass(question.id);
    return;
  }
  listener.let_pass(question.id);
  os::interrupt(thread);  // it stops even if there is nothing to execute
}

void Supervisor::escaped(DomainState& state, pid_t process, const std::string& why) {
  ++state.coverage.escaped;
  if (state.coverage.escapes.size() >= escapes_kept) return;
  state.coverage.escapes.push_back({process, name_of(process), why});
}

}  // namespace withstand::lab::clock
