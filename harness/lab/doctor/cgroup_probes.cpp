#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "lab/doctor/probe.hpp"
#include "os/cgroup.hpp"
#include "os/check.hpp"
#include "os/passing_cgroup.hpp"
#include "os/process.hpp"

namespace withstand::lab::doctor {

namespace {

struct NoPlace {
  std::string why;
};

/// A cgroup of a probe's own, where the lab would make its own.
os::Cgroup trial_group() {
  std::string why;
  const auto place = os::cgroup_place(&why);
  if (!place) throw NoPlace{why};
  return os::make_passing_cgroup(*place, os::trial_cgroup_prefix);
}

os::Child sleeper_in(const os::Cgroup& group) {
  const os::Parent self;
  return os::clone_process("start a child in a cgroup", {0, group.get()}, [&] {
    self.die_with(SIGKILL);
    for (;;) ::pause();
    return 0;
  });
}

bool exists(const os::Cgroup& group, const char* file) {
  return ::access((group.path() + "/" + file).c_str(), F_OK) == 0;
}

std::string advise_on_cgroups() {
  if (!os::cgroup_mount())
    return in_container()
               ? "a host with cgroup v2, or -v /sys/fs/cgroup:/sys/fs/cgroup --cgroupns=host"
               : "boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 none /sys/fs/cgroup/unified";
  if (::geteuid() != 0 || !in_container())
    return "run as root, or in a delegated cgroup: systemd-run --user --scope -p Delegate=yes withstand ...";
  return "start the container with --privileged, or with -v /sys/fs/cgroup:/sys/fs/cgroup --cgroupns=host";
}

/// A group that cannot be had: what happens instead, and what to do.
Finding degraded(const std::string& why, const char* instead) {
  return {Feature::State::degraded, fmt::format("{}; {}", why, instead), advise_on_cgroups()};
}

constexpr const char* stop_instead = "SIGSTOP to every process of a node takes its place";
constexpr const char* kill_instead = "the death of the node's init takes its place";

}  // namespace

Finding probe_cgroup() {
  std::string why;
  const auto place = os::cgroup_place(&why);
  if (place) return {Feature::State::ok, fmt::format("cgroup v2, in {}", *place), ""};
  return degraded(why, "nodes have no group of their own");
}

Finding probe_cgroup_freezer() {
  try {
    const auto group = trial_group();
    if (!exists(group, "cgroup.freeze")) return degraded("no cgroup.freeze (Linux 5.2)", stop_instead);
    const auto child = sleeper_in(group);
    group.freeze(true);
    for (int attempt = 0; attempt < 1000; ++attempt) {
      if (group.is_frozen()) return {Feature::State::ok, "a child was frozen (frozen 1 in cgroup.events)", ""};
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return degraded("a child did not freeze within 1 s", stop_instead);
  } catch (const NoPlace& none) {
    return degraded(none.why, stop_instead);
  }
}

Finding probe_cgroup_kill() {
  try {
    const auto group = trial_group();
    if (!exists(group, "cgroup.kill")) return degraded("no cgroup.kill (Linux 5.14)", kill_instead);
    const auto child = sleeper_in(group);
    if (!group.kill()) return degraded("cgroup.kill is refused", kill_instead);
    child.pidfd.reap();
    return {Feature::State::ok, "a child was killed through its group", ""};
  } catch (const NoPlace& none) {
    return degraded(none.why, kill_instead);
  }
}

}  // namespace withstand::lab::doctor
