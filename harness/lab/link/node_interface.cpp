#include "lab/link/node_interface.hpp"

#include <sys/socket.h>

#include "os/route_socket.hpp"
#include "os/tun.hpp"

namespace withstand::lab::link {

bool kernel_has_ipv6() { return os::Fd(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)).valid(); }

NodeInterface set_up_node_interface(const core::Topology& topology, core::NodeId node) {
  const core::NodeInfo& info = topology.at(node);
  os::RouteSocket route;
  route.bring_up("lo");
  NodeInterface made{.tun = os::create_tun("eth0"), .route_socket = route.descriptor()};
  // The queue holds what a node sends while the fabric is not running: at 8192 packets, 10 ms of a flood of small
  // packets, or more than the window of any TCP connection; its slots cost 64 KiB.
  route.bring_up("eth0", {.mtu = 1500, .transmit_queue = 8192});
  route.add_address("eth0", info.address + "/15");
  if (kernel_has_ipv6()) route.add_address("eth0", info.address6 + "/64");
  return made;
}

}  // namespace withstand::lab::link
