#include "lab/doctor/doctor.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "lab/doctor/probe.hpp"

namespace withstand::lab {

namespace {

struct Entry {
  const char* id;
  const char* title;
  doctor::Probe probe;
};

constexpr std::array table = {
    Entry{"kernel", "Linux 5.10 or later", doctor::probe_kernel},
    Entry{"namespaces", "nodes in PID, network, mount and UTS namespaces", doctor::probe_namespaces},
    Entry{"user-namespaces", "running without root", doctor::probe_user_namespaces},
    Entry{"tun", "the network between nodes", doctor::probe_tun},
    Entry{"cgroup", "a control group per node", doctor::probe_cgroup},
    Entry{"cgroup-freezer", "pausing a node at one instant", doctor::probe_cgroup_freezer},
    Entry{"cgroup-kill", "killing a node at one instant", doctor::probe_cgroup_kill},
    Entry{"time-namespaces", "clock offsets per node", doctor::probe_time_namespaces},
    Entry{"fuse", "disk faults", doctor::probe_fuse},
    Entry{"fuse-passthrough", "disks whose files without faults cost little", doctor::probe_fuse_passthrough},
    Entry{"loop-devices", "faults on block devices", doctor::probe_loop_devices},
    Entry{"seccomp-notify", "system-call faults", doctor::probe_seccomp_notify},
    Entry{"ptrace", "faults inside a process", doctor::probe_ptrace},
    Entry{"netem", "the kernel's own network emulation", doctor::probe_netem},
    Entry{"kernel-links", "network faults on interfaces of others", doctor::probe_kernel_links},
    Entry{"nftables", "the kernel's packet filter", doctor::probe_nftables},
    Entry{"realtime", "media that keep time on a busy machine", doctor::probe_realtime},
};

constexpr std::chrono::milliseconds probe_limit{5000};

Feature probe(const Entry& entry) {
  const auto finding = doctor::in_child(entry.probe, probe_limit);
  return {entry.id, entry.title, finding.state, finding.why, finding.fix};
}

}  // namespace

std::string_view state_name(Feature::State state) {
  switch (state) {
    case Feature::State::ok:
      return "ok";
    case Feature::State::degraded:
      return "degraded";
    case Feature::State::missing:
      return "missing";
  }
  throw std::invalid_argument("a feature's state out of range");
}

std::vector<std::string> feature_ids() {
  std::vector<std::string> ids;
  for (const auto& entry : table) ids.emplace_back(entry.id);
  return ids;
}

std::vector<Feature> examine() {
  std::vector<Feature> features;
  for (const auto& entry : table) features.push_back(probe(entry));
  return features;
}

std::vector<Feature> examine(const std::vector<std::string>& ids) {
  std::vector<Feature> features;
  for (const auto& id : ids) {
    const auto* const entry = std::find_if(table.begin(), table.end(), [&](const Entry& e) { return e.id == id; });
    if (entry == table.end()) throw std::invalid_argument("doctor knows no feature called " + id);
    features.push_back(probe(*entry));
  }
  return features;
}

}  // namespace withstand::lab
