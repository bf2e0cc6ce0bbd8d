#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <sys/types.h>

namespace withstand::lab::clock {

/// Which processes of a domain see its clocks, and what was done for them. Kept by the supervisor.
struct Coverage {
  std::uint64_t programs = 0;      ///< executed programs that were given the domain's vDSO
  std::uint64_t reads = 0;         ///< system calls that read a clock, answered from the domain
  std::uint64_t waits = 0;         ///< waits until an instant, converted
  std::uint64_t timers = 0;        ///< timers set to an instant, converted
  std::uint64_t woken = 0;         ///< waits converted again because the clock changed
  std::uint64_t refused_sets = 0;  ///< attempts to set the clock that were refused, as without the privilege
  std::uint64_t sets = 0;          ///< those that set the domain's clock, or its discipline
  std::uint64_t rings = 0;         ///< io_uring set up: its time-outs are not seen
  std::int64_t inject_ns = 0;      ///< sum over `programs`, from the question to letting go

  /// A program that runs on the machine's clocks, and why.
  struct Escape {
    pid_t pid = 0;  ///< as the harness sees it
    std::string name, why;
  };
  std::vector<Escape> escapes;  ///< the first hundred
  std::uint64_t escaped = 0;    ///< all of them
};

}  // namespace withstand::lab::clock
