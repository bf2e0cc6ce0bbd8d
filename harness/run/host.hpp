#pragma once

#include <cstdint>
#include <string>

#include "record/journal.hpp"

namespace withstand::run {

/// version, kernel, host and wall_time of a RunStarted.
void fill_host(record::RunStarted& started);
/// How often the kernel's out-of-memory killer has struck on this machine since it started: oom_kill in /proc/vmstat; 0
/// where it is not told.
std::uint64_t host_oom_kills();
/// The version of this build: "0.1.0".
std::string version();

}  // namespace withstand::run
