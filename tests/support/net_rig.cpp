#include "support/net_rig.hpp"

#include <cstdio>
#include <cstring>
#include <exception>
#include <fcntl.h>
#include <sched.h>
#include <stdexcept>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/wait.h>

#include "os/check.hpp"
#include "os/fd_message.hpp"
#include "spec/experiment.hpp"

namespace withstand::support {
namespace {

void join(const os::Fd& user, const os::Fd& network) {
  if (user.valid()) os::check("join user namespace", ::setns(user.get(), CLONE_NEWUSER));
  os::check("join network namespace", ::setns(network.get(), CLONE_NEWNET));
}

os::Fd own_namespace(const char* kind) {
  const std::string path = std::string("/proc/self/ns/") + kind;
  return os::Fd(os::check("open " + path, ::open(path.c_str(), O_RDONLY | O_CLOEXEC)));
}

bool is_root() { return ::geteuid() == 0; }

}  // namespace

core::Topology plain_topology(std::size_t nodes) {
  spec::Experiment experiment;
  auto& kind = experiment.target.kinds.emplace_back();
  kind.name = "node";
  kind.count = static_cast<std::int64_t>(nodes);
  experiment.load.emplace().clients = 0;
  return core::Topology(experiment);
}

std::vector<os::Fd> descriptors_from_child(const std::function<std::vector<os::Fd>()>& work) {
  os::SocketPair pair = os::make_socket_pair();
  const pid_t child = os::check("fork", ::fork());
  if (child == 0) {
    try {
      const std::vector<os::Fd> made = work();
      std::vector<int> numbers;
      numbers.reserve(made.size());
      for (const os::Fd& fd : made) numbers.push_back(fd.get());
      os::send_message(pair.second, std::as_bytes(std::span("", 1)), numbers);
    } catch (const std::exception& error) {
      os::send_message(pair.second, std::as_bytes(std::span(error.what(), std::strlen(error.what()))));
    }
    ::_exit(0);
  }
  pair.second.reset();
  os::FdMessage answer = os::receive_message(pair.first, 4096);
  os::check("wait for a child", ::waitpid(child, nullptr, 0));
  if (answer.fds.empty())
    throw std::runtime_error({reinterpret_cast<const char*>(answer.bytes.data()), answer.bytes.size()});
  return std::move(answer.fds);
}

void enter_new_network() {
  os::check("make namespaces", ::unshare(is_root() ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET));
}

NetRig::NetRig(std::size_t nodes, const std::optional<lab::link::CaptureFile>& capture)
    : topology_(plain_topology(nodes)) {
  std::vector<lab::link::NodeInterface> interfaces;
  std::vector<core::Link> links;
  for (core::NodeId id = 0; id < nodes; ++id) {
    auto made = descriptors_from_child([&] {
      enter_new_network();
      lab::link::NodeInterface interface = lab::link::set_up_node_interface(topology_, id);
      std::vector<os::Fd> fds;
      fds.push_back(std::move(interface.tun));
      fds.push_back(std::move(interface.route_socket));
      fds.push_back(own_namespace("net"));
      if (!is_root()) fds.push_back(own_namespace("user"));
      return fds;
    });
    interfaces.push_back({.tun = std::move(made.at(0)), .route_socket = std::move(made.at(1))});
    places_.push_back({.user = made.size() > 3 ? std::move(made[3]) : os::Fd(), .network = std::move(made.at(2))});
    for (core::NodeId to = 0; to < nodes; ++to)
      if (to != id) links.push_back({id, to});
  }
  fabric_ = std::make_unique<lab::link::Fabric>(loop_, topology_, std::move(interfaces), std::move(links), capture);
}

NetRig::~NetRig() = default;

const std::string& NetRig::unavailable() {
  static const std::string reason = [] {
    try {
      descriptors_from_child([] {
        enter_new_network();
        std::vector<os::Fd> fds;
        fds.push_back(lab::link::set_up_node_interface(plain_topology(1), 0).tun);
        return fds;
      });
      return std::string();
    } catch (const std::exception& error) {
      return std::string(error.what());
    }
  }();
  return reason;
}

os::Fd NetRig::socket(core::NodeId node, int family, int type) const {
  auto made = descriptors_from_child([&] {
    join(places_[node].user, places_[node].network);
    std::vector<os::Fd> fds;
    fds.emplace_back(os::check("make a socket", ::socket(family, type | SOCK_CLOEXEC, 0)));
    return fds;
  });
  return std::move(made.at(0));
}

int NetRig::start(core::NodeId node, const std::function<int()>& work) const {
  const pid_t child = os::check("fork", ::fork());
  if (child != 0) return child;
  try {
    join(places_[node].user, places_[node].network);
    ::_exit(work());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "in node %u: %s\n", node, error.what());
    ::_exit(99);
  }
}

}  // namespace withstand::support
