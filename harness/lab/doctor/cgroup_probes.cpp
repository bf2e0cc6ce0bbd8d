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

/// A child that takes away what this process tries cgroups with, should it be killed: no run's guardian knows of it
/// yet.
class Sweeper {
 public:
  Sweeper() {
    const auto place = os::own_cgroup();
    if (!place) return;
    const os::Parent self;
    const pid_t maker = ::getpid();
    child_ = os::clone_process("start a sweeper", {}, [&] {
      for (const int ignored : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) ::signal(ignored, SIG_IGN);
      os::set_process_name("ws-sweeper");
      os::close_other_descriptors({self.descriptor()});
      sweep_after(self, *place, *place + "/" + os::trial_cgroup_prefix + std::to_string(maker));
      return 0;
    });
  }
  ~Sweeper() {
    if (!child_.pidfd.valid()) return;
    ::kill(child_.pid, SIGKILL);
    child_.pidfd.reap();
  }
  Sweeper(const Sweeper&) = delete;
  Sweeper& operator=(const Sweeper&) = delete;

 private:
  /// A child of the maker that had not closed the cgroup yet may hold it a little longer than the maker lives.
  static void sweep_after(const os::Parent& maker, const std::string& place, const std::string& made) {
    maker.wait_end();
    for (int attempt = 0; attempt < 2000; ++attempt) {
      os::sweep_cgroups(place, os::trial_cgroup_prefix, os::Members::killed);
      if (::access(made.c_str(), F_OK) != 0) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
  os::Child child_;
};

/// A cgroup of a probe's own, where the lab would make its own.
os::Cgroup trial_group() {
  std::string why;
  const auto place = os::cgroup_place(&why);
  if (!place) throw NoPlace{why};
  return os::make_passing_cgroup(*place, os::trial_cgroup_prefix, os::Members::killed);
}

/// It sleeps already: frozen before it had said with whom it dies, it would outlive a killed parent.
os::Child sleeper_in(const os::Cgroup& group) {
  os::Pipe ready = os::make_pipe();
  const os::Parent self;
  os::Child child = os::clone_process("start a child in a cgroup", {0, group.get()}, [&] {
    self.die_with(SIGKILL);
    os::close_other_descriptors({ready.write.get()});  // the cgroup's lock among them
    if (::write(ready.write.get(), "r", 1) != 1) return 1;
    for (;;) ::pause();
  });
  ready.write.reset();
  char word = 0;
  if (os::retry([&] { return ::read(ready.read.get(), &word, 1); }) != 1)
    throw os::SystemError("start a child in a cgroup", ECHILD);
  return child;
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
  const Sweeper sweeper;
  std::string why;
  const auto place = os::cgroup_place(&why);
  if (place) return {Feature::State::ok, fmt::format("cgroup v2, in {}", *place), ""};
  return degraded(why, "nodes have no group of their own");
}

Finding probe_cgroup_freezer() {
  const Sweeper sweeper;
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
  const Sweeper sweeper;
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
