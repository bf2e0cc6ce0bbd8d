#pragma once

#include <string>
#include <vector>

#include "os/cgroup.hpp"

namespace withstand::os {

/// Prefixes of the names of the cgroups that are no run's own, and in no undo journal.
inline constexpr const char* trial_cgroup_prefix = "withstand-trial-";
inline constexpr const char* guardian_cgroup_prefix = "withstand-guardian-";

/// A cgroup FOLDER/PREFIXpid for a moment or for one process, locked (flock(2)) as long as its maker lives: what a
/// killed maker left is seen by that, in whatever PID namespace it was, and swept here first. Throws SystemError.
[[nodiscard]] Cgroup make_passing_cgroup(const std::string& folder, const std::string& prefix);

/// Those that nobody holds and that hold no process: what sweep_cgroups would remove, sorted.
[[nodiscard]] std::vector<std::string> abandoned_cgroups(const std::string& folder, const std::string& prefix);

/// Removes those that nobody holds and that hold no process.
void sweep_cgroups(const std::string& folder, const std::string& prefix) noexcept;

}  // namespace withstand::os
