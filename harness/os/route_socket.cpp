#include "os/route_socket.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <stdexcept>

#include <fmt/format.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/veth.h>
#include <netlink/socket.h>

#include "os/check.hpp"

namespace withstand::os {
namespace {

/// libnl's errors are negative numbers of its own.
void checked(const std::string& attempt, int returned) {
  if (returned < 0) throw std::runtime_error(fmt::format("{}: {}", attempt, nl_geterror(returned)));
}

struct Release {
  void operator()(nl_sock* socket) const { nl_socket_free(socket); }
  void operator()(rtnl_link* link) const { rtnl_link_put(link); }
  void operator()(rtnl_addr* address) const { rtnl_addr_put(address); }
  void operator()(nl_addr* address) const { nl_addr_put(address); }
};
template <class T>
using Owned = std::unique_ptr<T, Release>;

template <class T>
Owned<T> owned(const std::string& attempt, T* object) {
  if (object == nullptr) throw std::runtime_error(attempt + ": out of memory");
  return Owned<T>(object);
}

}  // namespace

struct RouteSocket::Impl {
  Owned<nl_sock> socket = owned("make a netlink socket", nl_socket_alloc());

  Owned<rtnl_link> find(const std::string& interface) const {
    rtnl_link* link = nullptr;
    checked("look up interface " + interface, rtnl_link_get_kernel(socket.get(), 0, interface.c_str(), &link));
    return Owned<rtnl_link>(link);
  }
  void change(const std::string& attempt, rtnl_link* link, rtnl_link* changes) const {
    checked(attempt, rtnl_link_change(socket.get(), link, changes, 0));
  }
};

RouteSocket::RouteSocket() : impl_(std::make_unique<Impl>()) {
  checked("open a netlink socket", nl_connect(impl_->socket.get(), NETLINK_ROUTE));
  check("set close-on-exec on a netlink socket", ::fcntl(nl_socket_get_fd(impl_->socket.get()), F_SETFD, FD_CLOEXEC));
}

RouteSocket::RouteSocket(Fd taken) : impl_(std::make_unique<Impl>()) {
  checked("take over a netlink socket", nl_socket_set_fd(impl_->socket.get(), NETLINK_ROUTE, taken.get()));
  static_cast<void>(taken.release());
}

RouteSocket::~RouteSocket() = default;
RouteSocket::RouteSocket(RouteSocket&&) noexcept = default;
RouteSocket& RouteSocket::operator=(RouteSocket&&) noexcept = default;

Fd RouteSocket::descriptor() const {
  return Fd(check("duplicate a netlink socket", ::fcntl(nl_socket_get_fd(impl_->socket.get()), F_DUPFD_CLOEXEC, 3)));
}

void RouteSocket::bring_up(const std::string& interface, const InterfaceSettings& settings) {
  const auto link = impl_->find(interface);
  const auto changes = owned("change an interface", rtnl_link_alloc());
  rtnl_link_set_mtu(changes.get(), settings.mtu);
  rtnl_link_set_txqlen(changes.get(), settings.transmit_queue);
  impl_->change("set MTU and queue of " + interface, link.get(), changes.get());
  const auto quiet = owned("change an interface", rtnl_link_alloc());
  // Without IPv6 in the kernel there is nothing to keep quiet.
  if (rtnl_link_inet6_set_addr_gen_mode(quiet.get(), rtnl_link_inet6_str2addrgenmode("none")) == 0)
    rtnl_link_change(impl_->socket.get(), link.get(), quiet.get(), 0);
  bring_up(interface);
}

void RouteSocket::bring_up(const std::string& interface) {
  const auto link = impl_->find(interface);
  const auto changes = owned("change an interface", rtnl_link_alloc());
  rtnl_link_set_flags(changes.get(), IFF_UP);
  impl_->change("bring up " + interface, link.get(), changes.get());
}

void RouteSocket::add_address(const std::string& interface, const std::string& address) {
  const std::string attempt = fmt::format("add address {} to {}", address, interface);
  nl_addr* parsed = nullptr;
  checked(attempt, nl_addr_parse(address.c_str(), AF_UNSPEC, &parsed));
  const Owned<nl_addr> local(parsed);
  const auto entry = owned(attempt, rtnl_addr_alloc());
  rtnl_addr_set_ifindex(entry.get(), rtnl_link_get_ifindex(impl_->find(interface).get()));
  checked(attempt, rtnl_addr_set_local(entry.get(), local.get()));
  if (nl_addr_get_family(local.get()) == AF_INET6) rtnl_addr_set_flags(entry.get(), IFA_F_NODAD);
  checked(attempt, rtnl_addr_add(impl_->socket.get(), entry.get(), 0));
}

void RouteSocket::add_veth(const std::string& interface, const std::string& peer, const Fd& peer_namespace) {
  const std::string attempt = fmt::format("add veth pair {}, {}", interface, peer);
  const auto link = owned(attempt, rtnl_link_veth_alloc());
  rtnl_link_set_name(link.get(), interface.c_str());
  rtnl_link* other = rtnl_link_veth_get_peer(link.get());
  rtnl_link_set_name(other, peer.c_str());
  rtnl_link_set_ns_fd(other, peer_namespace.get());
  const int returned = rtnl_link_add(impl_->socket.get(), link.get(), NLM_F_CREATE | NLM_F_EXCL);
  rtnl_link_put(other);
  checked(attempt, returned);
}

InterfaceCounters RouteSocket::counters(const std::string& interface) {
  const auto link = impl_->find(interface);
  return {.rx_packets = rtnl_link_get_stat(link.get(), RTNL_LINK_RX_PACKETS),
          .tx_packets = rtnl_link_get_stat(link.get(), RTNL_LINK_TX_PACKETS),
          .rx_dropped = rtnl_link_get_stat(link.get(), RTNL_LINK_RX_DROPPED),
          .tx_dropped = rtnl_link_get_stat(link.get(), RTNL_LINK_TX_DROPPED)};
}

Carrier RouteSocket::carrier(const std::string& interface) {
  const auto link = impl_->find(interface);
  Carrier carrier{.present = rtnl_link_get_carrier(link.get()) != 0};
  rtnl_link_get_carrier_changes(link.get(), &carrier.changes);
  return carrier;
}

}  // namespace withstand::os
