#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <linux/capability.h>

#include "lab/doctor/probe.hpp"
#include "os/capabilities.hpp"

namespace withstand::lab::doctor {

namespace {

/// The first line of a file under /proc that starts with this; empty when there is none.
std::string find_line(const char* path, std::string_view part) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.find(part) != std::string::npos) return line;
  return "";
}

bool seccomp_is_on() { return find_line("/proc/self/status", "Seccomp:").ends_with("2"); }

/// Container runtimes hide parts of /proc under mounts; a fresh /proc is then refused in a user namespace.
bool proc_is_masked() { return !find_line("/proc/self/mountinfo", " /proc/").empty(); }

/// The flags that Docker and Podman lack here, and no others.
std::string container_advice() {
  std::vector<std::string> flags;
  if (!os::has_capability(CAP_SYS_ADMIN)) flags.emplace_back("--cap-add SYS_ADMIN");
  if (!os::has_capability(CAP_NET_ADMIN)) flags.emplace_back("--cap-add NET_ADMIN");
  if (seccomp_is_on()) flags.emplace_back("--security-opt seccomp=unconfined");
  if (read_line("/proc/self/attr/current").ends_with("(enforce)"))
    flags.emplace_back("--security-opt apparmor=unconfined");
  if (proc_is_masked()) flags.emplace_back("--security-opt systempaths=unconfined");
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) flags.emplace_back("--device /dev/net/tun");
  if (flags.empty()) return "start the container with --privileged";
  return fmt::format("start the container with {} (or with --privileged)", fmt::join(flags, " "));
}

/// The switches with which distributions keep user namespaces from ordinary users; empty when none is set.
std::string advise_ordinary_user() {
  if (read_line("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1")
    return "AppArmor restricts user namespaces of ordinary users (Ubuntu 24.04): sudo sysctl "
           "kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for this binary with 'userns,', or "
           "run as root";
  if (read_line("/proc/sys/kernel/unprivileged_userns_clone") == "0")
    return "ordinary users may not make user namespaces here: sudo sysctl kernel.unprivileged_userns_clone=1, or run "
           "as root";
  return "";
}

}  // namespace

bool in_container() {
  for (const char* mark : {"/.dockerenv", "/run/.containerenv", "/run/systemd/container"})
    if (::access(mark, F_OK) == 0) return true;
  return ::getenv("container") != nullptr || ::getenv("KUBERNETES_SERVICE_HOST") != nullptr;
}

std::string advise_on_namespaces(int error) {
  if (error == ENOSPC) return "the limit in /proc/sys/user/max_*_namespaces is reached; raise it, or run as root";
  const bool refused = error == EPERM || error == EACCES;
  if (refused && !os::has_capability(CAP_SYS_ADMIN))
    if (const auto advice = advise_ordinary_user(); !advice.empty()) return advice;
  if (in_container()) return container_advice();
  if (error == EINVAL || error == ENOSYS) return "this kernel was built without it";
  if (!refused) return "";
  if (seccomp_is_on())
    return "a seccomp filter is in force in this process, probably a sandbox's or a container's: leave it, or allow "
           "clone3, unshare, setns and mount in it";
  return ::geteuid() == 0 ? "root lacks a capability here: run with CAP_SYS_ADMIN and CAP_NET_ADMIN" : "run as root";
}

}  // namespace withstand::lab::doctor
