#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "lab/doctor/doctor.hpp"

/// What the probes share: a child to run in, namespaces to try things in, and words for why something failed.
namespace withstand::lab::doctor {

struct Finding {
  Feature::State state = Feature::State::missing;
  std::string why;
  std::string fix;
};

using Probe = Finding (*)();

/// Of every network namespace.
inline constexpr int loopback_index = 1;

/// Runs the probe in a child process and returns what it found. A SystemError the probe throws becomes "missing" with
/// the attempt's name and general advice; a child that dies or outlives `limit` is killed and reported the same way.
[[nodiscard]] Finding in_child(Probe probe, std::chrono::milliseconds limit);

/// Moves the calling process (a probe's child) into new namespaces of the given CLONE_NEW* kinds; without CAP_SYS_ADMIN
/// through a new user namespace that maps the caller to itself. A new mount namespace is made private. Throws
/// SystemError.
void enter_private(int flags);

/// clone3(2) with the given CLONE_NEW* kinds, as the launcher starts a node; runs `body` in the new process. Throws
/// SystemError with the attempt that failed, in the clone or in the body.
void run_in_clone(unsigned namespaces, const std::function<void()>& body);

[[nodiscard]] bool in_container();  ///< Docker, Podman, Kubernetes, LXC, by the marks they leave
[[nodiscard]] std::string read_line(const std::string& path);  ///< first line; empty when it cannot be read

/// What to do when namespaces, or what is done inside them, are refused with this errno: knows containers
/// (capabilities, seccomp, AppArmor), Ubuntu's and Debian's switches for user namespaces.
[[nodiscard]] std::string advise_on_namespaces(int error);

/// Why interfaces of others are out of reach, when they are. (kernel_links_probe.cpp)
[[nodiscard]] std::optional<Finding> only_for_root();

// The probes, by file.
Finding probe_kernel();          // process_probes.cpp
Finding probe_ptrace();          // process_probes.cpp
Finding probe_realtime();        // process_probes.cpp
Finding probe_seccomp_notify();  // seccomp_probe.cpp
Finding probe_namespaces();      // namespace_probes.cpp
Finding probe_user_namespaces();
Finding probe_time_namespaces();
Finding probe_tun();  // device_probes.cpp
Finding probe_fuse();
Finding probe_fuse_passthrough();
Finding probe_loop_devices();
Finding probe_cgroup();  // cgroup_probes.cpp
Finding probe_cgroup_freezer();
Finding probe_cgroup_kill();
Finding probe_netem();  // network_probes.cpp
Finding probe_nftables();
Finding probe_kernel_links();  // kernel_links_probe.cpp

}  // namespace withstand::lab::doctor
