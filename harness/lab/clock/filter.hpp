#pragma once

#include <vector>

#include <linux/filter.h>

#include "os/fd.hpp"

/// The system calls of a clock domain's processes that are asked about: executing a program, and what has to do with
/// the time and does not go through the vDSO. All others pass at the cost of the comparisons (seccomp(2), 10 to 20 ns).
namespace withstand::lab::clock {

/// Asked about: execve, execveat (of 32-bit programs too); clock_gettime, gettimeofday, time, where they read a clock
/// that can be false; clock_settime, settimeofday, adjtimex, clock_adjtime; waits until an instant of CLOCK_REALTIME or
/// CLOCK_TAI (clock_nanosleep, futex, futex_waitv, futex_wait, mq_timedsend, mq_timedreceive, timerfd_settime,
/// timer_settime); io_uring_setup. Not asked about: whatever the image itself calls.
enum class Waits {
  of_wall,  ///< until an instant of CLOCK_REALTIME or CLOCK_TAI
  of_all,   ///< of CLOCK_MONOTONIC and CLOCK_BOOTTIME as well, which can be false then; costs every timed futex a
            ///< question
};
std::vector<sock_filter> filter_program(Waits waits = Waits::of_wall);

/// Filters this process and its descendants from here on, for good, and returns the listener, close-on-exec: who holds
/// it answers. Needs no_new_privs or CAP_SYS_ADMIN. Until somebody answers, an asked call waits; when the last holder
/// closes it, such calls fail with ENOSYS. Throws os::SystemError (EBUSY when a listener is there already).
os::Fd install_filter(Waits waits = Waits::of_wall);

}  // namespace withstand::lab::clock
