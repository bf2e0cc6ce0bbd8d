#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "lab/clock/line.hpp"

namespace withstand::lab::clock {

/// The processes of a node, found by their PID namespace: which of them have the domain's clock, as their memory shows.
struct Census {
  std::size_t processes = 0, covered = 0;
  Ns used = 0;  ///< processor time, with that of their children that have ended; in ticks of 10 ms
  std::vector<std::string> uncovered;  ///< "name (pid)"
  std::vector<pid_t> programs;         ///< one process for each program file
  pid_t sample = 0;                    ///< one that is covered; 0: none
  std::string sample_name;
};

/// The PID namespace of a process, as /proc names it; empty when it has gone.
std::string pid_namespace(pid_t process);

/// Of every process in that PID namespace but its first, which is the harness' own, and zombies.
Census take_census(const std::string& pid_namespace);

/// How far ahead of the machine's own clocks a process sees them, by line, read from the clock page in its memory;
/// nothing when it has none. `at` is the instant (of CLOCK_MONOTONIC).
using Ahead = std::array<Ns, WS_LINES>;
std::optional<Ahead> measure(pid_t process, Ns& at);

}  // namespace withstand::lab::clock
