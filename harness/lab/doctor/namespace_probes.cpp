#include <cstdint>
#include <ctime>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "lab/doctor/probe.hpp"
#include "os/capabilities.hpp"
#include "os/check.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "os/mount.hpp"
#include "os/namespace.hpp"

namespace withstand::lab::doctor {

namespace {

void bring_up_loopback() {
  const os::Fd socket(
      os::check("open a socket in a network namespace", ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)));
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  os::check("bring up the loopback of a network namespace", ::ioctl(socket.get(), SIOCSIFFLAGS, &request));
}

/// What every node needs of its namespaces.
void live_as_a_node() {
  os::make_mounts_private();
  os::mount_proc("/proc");
  os::mount_tmpfs("/tmp", "0755", "64k");
  os::check("set a node's host name", ::sethostname("probe", 5));
  bring_up_loopback();
}

std::int64_t monotonic_seconds() {
  timespec now{};
  os::check("read the monotonic clock", ::clock_gettime(CLOCK_MONOTONIC, &now));
  return now.tv_sec;
}

}  // namespace

Finding probe_namespaces() {
  const bool through_user_namespace = !os::has_capability(CAP_SYS_ADMIN);
  enter_private(0);
  run_in_clone(CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS, live_as_a_node);
  return {Feature::State::ok, through_user_namespace ? "through a user namespace, without root" : "as root", ""};
}

Finding probe_user_namespaces() {
  // Root is not asked to be an ordinary user: an unshare that gives every capability inside is what counts.
  os::enter_user_namespace();
  os::check("unshare a network namespace inside a user namespace", ::unshare(CLONE_NEWNET | CLONE_NEWNS));
  os::make_mounts_private();
  os::mount_tmpfs("/tmp", "0755", "64k");
  return {Feature::State::ok, "a user namespace holds network and mount namespaces", ""};
}

Finding probe_time_namespaces() {
  constexpr std::int64_t shift = 1000;
  enter_private(0);
  const auto outside = monotonic_seconds();
  os::check("unshare a time namespace", ::unshare(CLONE_NEWTIME));
  if (!os::has_capability(CAP_SYS_TIME))
    return {Feature::State::missing, "set a time namespace's clock: needs CAP_SYS_TIME",
            in_container() ? "start the container with --cap-add SYS_TIME" : "run with CAP_SYS_TIME"};
  os::write_existing("/proc/self/timens_offsets", fmt::format("monotonic {} 0", shift));
  run_in_clone(0, [outside] {
    if (monotonic_seconds() - outside < shift) throw os::SystemError("see a shifted monotonic clock", ENOTSUP);
  });
  return {Feature::State::ok, "a child saw the monotonic clock shifted by 1000 s", ""};
}

}  // namespace withstand::lab::doctor
