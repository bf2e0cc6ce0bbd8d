#include "support/kernel_rig.hpp"

#include <csignal>
#include <optional>
#include <sched.h>
#include <stdexcept>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "lab/doctor/doctor.hpp"
#include "os/check.hpp"
#include "os/route_socket.hpp"
#include "os/traffic_control.hpp"
#include "support/net_rig.hpp"

namespace withstand::support {
namespace {

/// A process that lives in a network namespace of its own until it is killed.
int keep_network() {
  os::Pipe ready = os::make_pipe();
  const pid_t keeper = os::check("fork", ::fork());
  if (keeper == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::unshare(CLONE_NEWNET) < 0 || ::write(ready.write.get(), "r", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
  ready.write.reset();
  char word = 0;
  if (os::retry([&] { return ::read(ready.read.get(), &word, 1); }) != 1)
    throw std::runtime_error("make a network namespace: not permitted");
  return keeper;
}

}  // namespace

KernelRig::KernelRig() : topology_(plain_topology(2)) {
  for (core::NodeId node = 0; node < 2; ++node) keepers_.push_back(keep_network());
  const auto far = network(1);
  const os::Fd far_fd(os::check("duplicate", ::dup(far.get())));
  network(0).visit([&] { os::RouteSocket().add_veth("eth0", "eth0", far_fd); });
  for (core::NodeId node = 0; node < 2; ++node)
    network(node).visit([&] {
      os::RouteSocket route;
      route.bring_up("lo");
      route.bring_up("eth0", {});
      route.add_address("eth0", topology_.at(node).address + "/15");
      route.add_address("eth0", topology_.at(node).address6 + "/64");
    });
}

KernelRig::~KernelRig() {
  links_.reset();
  for (const int keeper : keepers_) {
    ::kill(keeper, SIGKILL);
    ::waitpid(keeper, nullptr, 0);
  }
}

const std::string& KernelRig::unavailable() {
  static const std::string reason = [] {
    for (const auto& feature : lab::examine({"kernel-links"}))
      if (feature.state != lab::Feature::State::ok || feature.why.rfind("not tried", 0) == 0)
        return "kernel-links: " + feature.why;
    return std::string();
  }();
  return reason;
}

std::string KernelRig::path(core::NodeId node) const { return fmt::format("/proc/{}/ns/net", keepers_.at(node)); }
os::NetworkNamespace KernelRig::network(core::NodeId node) const { return os::NetworkNamespace::open(path(node)); }

void KernelRig::attach(const std::string& owner) {
  std::vector<lab::kernel::Place> places;
  for (core::NodeId node = 0; node < 2; ++node) places.push_back({network(node), "eth0"});
  links_ = std::make_unique<lab::kernel::KernelLinks>(
      loop_, topology_, std::move(places), std::vector<core::Link>{{0, 1}, {1, 0}}, owner,
      [this](const core::DetourTraces& traces) { announced_.push_back(traces); });
}

os::Fd KernelRig::socket(core::NodeId node, int family, int type) const {
  os::Fd made;
  network(node).visit([&] { made = os::Fd(os::check("make a socket", ::socket(family, type | SOCK_CLOEXEC, 0))); });
  return made;
}

std::string KernelRig::picture(core::NodeId node) const {
  std::optional<os::TrafficControl> control;
  network(node).visit([&] { control.emplace(); });
  std::string text;
  for (const auto& each : control->interfaces()) {
    text += fmt::format("{} {} {} {}\n", each.name, each.kind, each.mtu, each.up);
    for (const auto& queue : control->qdiscs(each.index))
      text += fmt::format("  {} {:x} at {:x}, {} bytes of options\n", queue.kind, queue.handle, queue.parent,
                          queue.options.size());
    for (const auto& filter : control->filters(each.index, os::tc_ingress_hook))
      text +=
          fmt::format("  {} {} {:x} to {}\n", filter.kind, filter.priority, filter.handle, filter.filter.redirect_to);
  }
  return text;
}

}  // namespace withstand::support
