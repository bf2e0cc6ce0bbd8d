#pragma once

#include <string>
#include <vector>

#include "os/cgroup.hpp"

namespace withstand::os {

/// Prefixes of the names of the cgroups that are no run's own, and in no undo journal.
inline constexpr const char* trial_cgroup_prefix = "withstand-trial-";
inline constexpr const char* guardian_cgroup_prefix = "withstand-guardian-";

/// What is to become of processes in a cgroup whose maker is dead: a trial's are its children, maybe frozen, and nobody
/// else ends them; of a guardian's it is not known whose they are.
enum class Members { spared, killed };

/// A cgroup FOLDER/PREFIXpid for a moment or for one process, locked (flock(2)) as long as its maker lives: what a
/// killed maker left is seen by that, in whatever PID namespace it was, and swept here first. Children of the maker
/// inherit the lock: those that are to stay for more than a moment close the cgroup first. Throws SystemError.
[[nodiscard]] Cgroup make_passing_cgroup(const std::string& folder, const std::string& prefix, Members members);

/// What sweep_cgroups would remove, sorted.
[[nodiscard]] std::vector<std::string> abandoned_cgroups(const std::string& folder, const std::string& prefix,
                                                         Members members);

/// Removes those that nobody holds: those that hold no process, or all, killing what is in them (at most 1 s for each).
void sweep_cgroups(const std::string& folder, const std::string& prefix, Members members) noexcept;

/// The folder and every cgroup below it, sorted.
[[nodiscard]] std::vector<std::string> cgroups_from(const std::string& folder);

}  // namespace withstand::os
