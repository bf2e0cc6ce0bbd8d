#pragma once

#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "lab/clock/coverage.hpp"
#include "lab/clock/domain.hpp"
#include "lab/clock/domain_file.hpp"
#include "lab/clock/machine_time.hpp"
#include "os/seccomp_listener.hpp"

namespace withstand::lab::clock {

/// A timer that was set to an instant of a clock of the domain, and what it was set to.
struct InstantTimer {
  pid_t process = 0;
  bool is_file = true;  ///< timerfd_create(2); else timer_create(2)
  int id = 0;           ///< its descriptor, or its number
  ws_clock_line_id line = WS_WALL;
  Ns due = 0, interval = 0;  ///< as the domain's clock shows it
  int flags = 0;             ///< TFD_TIMER_*
};

class Cancellation;

/// A clock domain and all that the supervisor keeps for it.
struct DomainState {
  Domain domain{machine_time()};
  DomainFile file;
  Coverage coverage;
  std::list<os::SeccompListener> listeners;
  std::map<pid_t, int> waits;  ///< threads that wait until an instant, and in which system call; some have come back
  std::list<InstantTimer> timers;
  std::list<std::shared_ptr<Cancellation>> cancellations;  ///< of timers, under way
  std::string pid_namespace;                               ///< of its first program; empty before
  bool steady_too = false;  ///< CLOCK_MONOTONIC and _BOOTTIME can become false: its processes have filters for that
  int may_set = 0;  ///< above 0: its processes may set its clock, though they run without the privilege for that
  std::vector<Domain::Handle> set_shares;  ///< what that did to the clock

  [[nodiscard]] bool shows_machine(ws_clock_line_id line) const { return file.page().line[line].identity != 0; }
};

}  // namespace withstand::lab::clock
