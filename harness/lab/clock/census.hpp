#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "lab/clock/line.hpp"

namespace withstand::lab::clock {

/// The processes of a node, found by their PID namespace: which of them have the domain's clock, as their memory shows.
struct Census {
  std::size_t processes = 0, covered = 0;
  std::vector<std::string> uncovered;  ///< "name (pid)"
  pid_t sample = 0;                    ///< one that is covered; 0: none
  std::string sample_name;
};

/// The PID namespace of a process, as /proc names it; empty when it has gone.
std::string pid_namespace(pid_t process);

/// Of every process in that PID namespace but its first, which is the harness' own, and zombies.
Census take_census(const std::string& pid_namespace);

/// How far ahead of the machine's CLOCK_REALTIME a process sees it, read from the clock page in its memory; nothing
/// when it has none. `at` is the instant (of CLOCK_MONOTONIC).
std::optional<Ns> measure(pid_t process, Ns& at);

}  // namespace withstand::lab::clock
