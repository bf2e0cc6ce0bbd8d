#include "bench/path.hpp"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <sys/socket.h>

#include "os/check.hpp"
#include "os/route_socket.hpp"

namespace withstand::bench {
namespace {

class FabricPath : public Path {
 public:
  explicit FabricPath(support::NetRig& rig) : rig_(rig) {}
  std::string name() const override { return "fabric"; }
  os::Fd socket(int end, int type) const override { return rig_.socket(static_cast<core::NodeId>(end), AF_INET, type); }
  int start(int end, const std::function<int()>& work) const override {
    return rig_.start(static_cast<core::NodeId>(end), work);
  }
  std::string address(int end) const override { return rig_.topology().at(static_cast<core::NodeId>(end)).address; }

 private:
  support::NetRig& rig_;
};

os::Fd own_network() {
  return os::Fd(os::check("open a network namespace", ::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC)));
}

void configure(const std::string& address) {
  os::RouteSocket route;
  route.add_address("eth0", address + "/15");
  route.bring_up("lo");
  route.bring_up("eth0");
}

class VethPath : public Path {
 public:
  VethPath() {
    auto made = support::descriptors_from_child([this] {
      std::vector<os::Fd> networks;
      support::enter_new_network();
      networks.push_back(own_network());
      os::check("make a network namespace", ::unshare(CLONE_NEWNET));
      networks.push_back(own_network());
      os::RouteSocket().add_veth("eth0", "eth0", networks[0]);
      configure(address(1));
      os::check("join a network namespace", ::setns(networks[0].get(), CLONE_NEWNET));
      configure(address(0));
      return networks;
    });
    networks_[0] = std::move(made.at(0));
    networks_[1] = std::move(made.at(1));
  }
  std::string name() const override { return "veth"; }
  std::string address(int end) const override { return end == 0 ? "198.18.0.1" : "198.18.0.2"; }
  os::Fd socket(int end, int type) const override {
    auto made = support::descriptors_from_child([&] {
      join(end);
      std::vector<os::Fd> fds;
      fds.emplace_back(os::check("make a socket", ::socket(AF_INET, type | SOCK_CLOEXEC, 0)));
      return fds;
    });
    return std::move(made.at(0));
  }
  int start(int end, const std::function<int()>& work) const override {
    const pid_t child = os::check("fork", ::fork());
    if (child != 0) return child;
    join(end);
    ::_exit(work());
  }

 private:
  void join(int end) const { os::check("join a network namespace", ::setns(networks_[end].get(), CLONE_NEWNET)); }
  os::Fd networks_[2];
};

}  // namespace

std::unique_ptr<Path> fabric_path(support::NetRig& rig) { return std::make_unique<FabricPath>(rig); }
std::unique_ptr<Path> veth_path() { return std::make_unique<VethPath>(); }

}  // namespace withstand::bench
