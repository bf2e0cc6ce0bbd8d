#pragma once

#include <string>
#include <vector>

/// Cgroups of the caller's harnesses that were killed and that no run's undo journal names, wherever cgroup v2 is
/// mounted: those of guardians, which hold no process, and those in which was tried what the machine allows, with what
/// is in them.
namespace withstand::lab {

struct AbandonedCgroup {
  std::string path;
  bool empty = true;  ///< false: processes, maybe frozen, are in it
};

/// Sorted by place; touches nothing.
std::vector<AbandonedCgroup> abandoned_cgroups();
/// Removes them, killing what is in them; returns those that are left.
std::vector<AbandonedCgroup> remove_abandoned_cgroups();

}  // namespace withstand::lab
