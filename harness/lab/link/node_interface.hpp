#pragma once

#include "core/topology.hpp"
#include "os/fd.hpp"

namespace withstand::lab::link {

/// A node's way into the fabric, made inside the node's network namespace and handed to the orchestrator.
struct NodeInterface {
  os::Fd tun;           ///< the TUN device "eth0"; whoever holds it is the other end of the wire
  os::Fd route_socket;  ///< NETLINK_ROUTE socket of that namespace: its interface counters, read from outside
};

/// Else nodes have no IPv6 address.
bool kernel_has_ipv6();

/// Runs in a fresh process that is already in the node's network namespace, with CAP_NET_ADMIN over it, before the
/// target starts: loopback up, "eth0" with the node's addresses up, routes to the lab's two prefixes, no default route.
/// Throws os::SystemError or std::runtime_error that name the attempt ("open /dev/net/tun: Permission denied").
/// Both descriptors are close-on-exec.
NodeInterface set_up_node_interface(const core::Topology& topology, core::NodeId node);

}  // namespace withstand::lab::link
