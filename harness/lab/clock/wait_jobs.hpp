#pragma once

#include "lab/clock/domain_state.hpp"
#include "lab/clock/tracer.hpp"

namespace withstand::lab::clock {

/// Leads a thread whose system call was not made into the image, which spends the wait there.
class LeadJob : public Job {
 public:
  explicit LeadJob(int number) : number_(number) {}
  void on_stop(Tracer& tracer, pid_t thread, const os::TraceStop& stop) override;

 private:
  int number_;
};

/// Interrupts a wait because the clock has changed: one in the image converts its instant again; one that was begun
/// when the domain still showed the machine's clock is asked for once more.
class WakeJob : public Job {
 public:
  WakeJob(int number, Coverage& coverage) : number_(number), coverage_(coverage) {}
  void on_stop(Tracer& tracer, pid_t thread, const os::TraceStop& stop) override;

 private:
  int number_;
  Coverage& coverage_;
};

/// Wakes every wait of the domain, and forgets those that are over.
void wake_waits(DomainState& state, Tracer& tracer);

}  // namespace withstand::lab::clock
