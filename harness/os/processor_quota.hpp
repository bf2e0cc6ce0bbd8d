#pragma once

#include <string>

namespace withstand::os {

/// Whether some cgroup above the caller, as far as it can see, bounds its processor time (cgroup v2 cpu.max, v1
/// cpu.cfs_quota_us): as in a container with so many processors' worth of time. What runs there without need takes
/// time from the rest, however low its priority. `proc` is the caller's folder in /proc.
bool has_processor_quota(const std::string& proc = "/proc/self");

}  // namespace withstand::os
