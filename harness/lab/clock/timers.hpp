#pragma once

#include <linux/seccomp.h>

#include "lab/clock/domain_state.hpp"
#include "lab/clock/tracer.hpp"

/// Timers that processes of a domain set to an instant of one of its clocks: set to the instant of the
/// machine's clock that corresponds, and again whenever the domain's clock changes.
namespace withstand::lab::clock {

/// timerfd_settime(2), timer_settime(2) with an instant: answers the question. Of other clocks it lets pass.
void set_timer(DomainState& state, const os::SeccompListener& listener, const seccomp_notif& question, Tracer& tracer);

/// Before the clock changes: forgets timers that have expired for good by `t`; repeated ones go on from their next.
void settle_timers(DomainState& state, Ns t);
/// After that: sets every known timer of the domain anew, and forgets those that have gone. `was_set`: the clock
/// jumped, which some timers are cancelled by.
void set_timers_again(DomainState& state, Tracer& tracer, bool was_set);
/// Ends the watch over timers that were cancelled, where their read has come or is not coming.
void end_cancellations(DomainState& state, Tracer& tracer);

/// When a line of the domain gets to `due`, as the machine's own clock of that line shows it; WS_CLOCK_NEVER if never.
Ns machine_instant(const DomainState& state, ws_clock_line_id line, Ns due);

}  // namespace withstand::lab::clock
