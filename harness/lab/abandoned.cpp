#include "lab/abandoned.hpp"

#include <set>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>

#include "os/cgroup.hpp"
#include "os/passing_cgroup.hpp"

namespace withstand::lab {

std::vector<AbandonedCgroup> abandoned_cgroups() {
  std::vector<AbandonedCgroup> found;
  std::set<std::pair<dev_t, ino_t>> seen;  // one cgroup shows at every mount
  const auto add = [&](std::vector<std::string> paths) {
    for (auto& path : paths) {
      struct stat info {};
      const bool ours = ::lstat(path.c_str(), &info) == 0 && info.st_uid == ::geteuid();
      if (!ours || !seen.insert({info.st_dev, info.st_ino}).second) continue;
      const bool empty = os::cgroup_is_empty(path);
      found.push_back({std::move(path), empty});
    }
  };
  for (const auto& mount : os::cgroup_mounts()) {
    add(os::abandoned_cgroups(mount, os::guardian_cgroup_prefix, os::Members::spared));
    // Trials are made in whatever cgroup a harness was started.
    for (const auto& place : os::cgroups_from(mount))
      add(os::abandoned_cgroups(place, os::trial_cgroup_prefix, os::Members::killed));
  }
  return found;
}

std::vector<AbandonedCgroup> remove_abandoned_cgroups() {
  for (const auto& mount : os::cgroup_mounts()) {
    os::sweep_cgroups(mount, os::guardian_cgroup_prefix, os::Members::spared);
    for (const auto& place : os::cgroups_from(mount))
      os::sweep_cgroups(place, os::trial_cgroup_prefix, os::Members::killed);
  }
  return abandoned_cgroups();
}

}  // namespace withstand::lab
