#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "lab/clock/calls.hpp"
#include "lab/clock/domain_state.hpp"
#include "lab/clock/image.hpp"
#include "lab/clock/tracer.hpp"

namespace withstand::lab::clock {

/// Keeps clock domains: gives their programs the domain's vDSO, answers their filtered system calls, publishes what the
/// clocks show and wakes who waits for them. One thread, which is the tracer of all; nothing waits for a target. While
/// it lives SIGCHLD is blocked in this process.
class Supervisor {
 public:
  using Id = std::uint32_t;

  Supervisor();

  /// A domain that shows the machine's clocks.
  Id add_domain();
  [[nodiscard]] DomainState& domain(Id id) { return *domains_.at(id); }
  /// Whatever the filter behind this listener asks about is a process of the domain.
  void listen(Id id, os::Fd listener);

  /// When a change takes effect, and when all readers could see that it would (both of CLOCK_MONOTONIC). Where
  /// published > at, readings of the time between still showed what was before.
  struct Switch {
    Ns at = 0, published = 0;
  };
  /// Changes what a domain shows, as of an instant some hundred microseconds ahead that `change` is told (again, with a
  /// later one, when there was not time enough). When that throws, nothing has changed.
  Switch change(Id id, const std::function<void(Domain& domain, Ns at)>& change);

  /// Serves what is there; waits for it until `deadline` (of CLOCK_MONOTONIC), or until one of `also` is readable.
  void serve(Ns deadline, std::span<const int> also = {});

 private:
  void publish(DomainState& state, bool was_set);
  void shown(DomainState& state, bool was_set);
  void pass_events();
  [[nodiscard]] Ns next_event() const;
  void answer(DomainState& state, const os::SeccompListener& listener);
  void on_exec(DomainState& state, const os::SeccompListener& listener, const seccomp_notif& question);
  void escaped(DomainState& state, pid_t process, const std::string& why);

  KernelVdso vdso_;
  Tracer tracer_;
  Calls calls_;
  std::vector<std::unique_ptr<DomainState>> domains_;
};

}  // namespace withstand::lab::clock
