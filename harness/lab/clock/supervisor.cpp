#include "lab/clock/supervisor.hpp"

#include <algorithm>
#include <fstream>
#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/syscall.h>

#include "lab/clock/exec_job.hpp"
#include "lab/clock/timers.hpp"
#include "lab/clock/wait_jobs.hpp"
#include "os/check.hpp"

namespace withstand::lab::clock {
namespace {

/// Enough to compute and store a page even when this process is interrupted once.
constexpr Ns lead = 400'000;
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
            state.domain.set_wall(wall, steady_now());
            publish(state);
          },
          [this](DomainState& state) { publish(state); }) {}

Supervisor::Id Supervisor::add_domain() {
  domains_.push_back(std::make_unique<DomainState>());
  return static_cast<Id>(domains_.size() - 1);
}

void Supervisor::listen(Id id, os::Fd listener) { domain(id).listeners.emplace_back(std::move(listener)); }

Supervisor::Switch Supervisor::change(Id id, const std::function<void(Domain&, Ns)>& change) {
  DomainState& state = domain(id);
  settle_timers(state, steady_now());
  Domain next = state.domain;
  next.observe(machine_time());
  Switch made;
  made.at = steady_now() + lead;
  change(next, made.at);
  state.domain = std::move(next);
  publish(state);
  made.published = steady_now();
  return made;
}

void Supervisor::publish(DomainState& state) {
  state.file.publish(state.domain, steady_now());
  wake_waits(state, tracer_);
  set_timers_again(state, tracer_);
}

void Supervisor::pass_events() {
  for (const auto& state : domains_) {
    const Ns now = steady_now();
    if (state->domain.next_event() > now) continue;
    settle_timers(*state, now);
    state->domain.advance(now);
    publish(*state);
  }
}

Ns Supervisor::next_event() const {
  Ns first = INT64_MAX;
  for (const auto& state : domains_) first = std::min(first, state->domain.next_event());
  return first;
}

void Supervisor::serve(Ns deadline, int also) {
  std::vector<pollfd> watched{{tracer_.descriptor(), POLLIN, 0}, {also, POLLIN, 0}};
  for (const auto& state : domains_)
    for (const auto& listener : state->listeners) watched.push_back({listener.get(), POLLIN, 0});
  const Ns wait = std::max<Ns>(0, std::min(deadline, next_event()) - steady_now());
  const timespec time{wait / 1'000'000'000, wait % 1'000'000'000};
  os::check("wait for clock domains",
            os::retry([&] { return ::ppoll(watched.data(), watched.size(), &time, nullptr); }));
  if (watched[0].revents != 0) tracer_.serve();
  std::size_t place = 2;
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
