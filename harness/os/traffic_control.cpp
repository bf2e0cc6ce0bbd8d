#include "os/traffic_control.hpp"

#include <algorithm>
#include <endian.h>
#include <net/if.h>

#include <fmt/format.h>
#include <linux/gen_stats.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include "os/check.hpp"
#include "os/netlink_attributes.hpp"

namespace withstand::os {
namespace {

static_assert(tc_root == TC_H_ROOT && tc_clsact == TC_H_CLSACT);
static_assert(tc_ingress_hook == TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS));
static_assert(tc_egress_hook == TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS));

constexpr std::uint16_t add_only = NLM_F_CREATE | NLM_F_EXCL;

std::string named(std::uint32_t handle) {
  if (handle == TC_H_ROOT) return "root";
  return fmt::format("{:x}:{:x}", handle >> 16, handle & 0xffff);
}

tcmsg tc_head(int interface, std::uint32_t parent, std::uint32_t handle, std::uint32_t info = 0) {
  tcmsg head{};
  head.tcm_family = AF_UNSPEC;
  head.tcm_ifindex = interface;
  head.tcm_parent = parent;
  head.tcm_handle = handle;
  head.tcm_info = info;
  return head;
}

/// Priority and protocol, as tcmsg has them.
std::uint32_t filter_info(std::uint16_t priority, std::uint16_t ether_type) {
  return std::uint32_t{priority} << 16 | htobe16(ether_type);
}

template <class Head>
std::optional<Head> head_of(std::span<const std::byte> message) {
  Head head{};
  if (message.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, message.data(), sizeof head);
  return head;
}

template <class Head>
Attributes attributes_behind(std::span<const std::byte> message) {
  return Attributes(message.subspan(std::min<std::size_t>(NLMSG_ALIGN(sizeof(Head)), message.size())));
}

NetworkInterface parse_interface(std::span<const std::byte> message, const ifinfomsg& head) {
  const Attributes found = attributes_behind<ifinfomsg>(message);
  NetworkInterface out;
  out.index = head.ifi_index;
  out.name = found.text(IFLA_IFNAME);
  out.alias = found.text(IFLA_IFALIAS);
  out.kind = found.nested(IFLA_LINKINFO).text(IFLA_INFO_KIND);
  out.mtu = found.value<std::uint32_t>(IFLA_MTU).value_or(0);
  out.up = (head.ifi_flags & IFF_UP) != 0;
  return out;
}

std::vector<std::uint8_t> octets(std::span<const std::byte> raw) {
  std::vector<std::uint8_t> out(raw.size());
  if (!raw.empty()) std::memcpy(out.data(), raw.data(), raw.size());
  return out;
}

}  // namespace

std::vector<NetworkInterface> TrafficControl::interfaces() {
  AttributeWriter body;
  body.head(ifinfomsg{});
  std::vector<NetworkInterface> all;
  for (const auto& message : socket_.request("list interfaces", RTM_GETLINK, NLM_F_DUMP, body.bytes()))
    if (const auto head = head_of<ifinfomsg>(message)) all.push_back(parse_interface(message, *head));
  return all;
}

std::optional<NetworkInterface> TrafficControl::interface(const std::string& name) {
  for (auto& each : interfaces())
    if (each.name == name) return std::move(each);
  return std::nullopt;
}

std::vector<std::vector<std::uint8_t>> TrafficControl::addresses(int interface) {
  AttributeWriter body;
  body.head(ifaddrmsg{});
  std::vector<std::vector<std::uint8_t>> all;
  for (const auto& message : socket_.request("list addresses", RTM_GETADDR, NLM_F_DUMP, body.bytes())) {
    const auto head = head_of<ifaddrmsg>(message);
    if (!head || static_cast<int>(head->ifa_index) != interface) continue;
    const Attributes found = attributes_behind<ifaddrmsg>(message);
    all.push_back(octets(found.bytes(found.has(IFA_LOCAL) ? IFA_LOCAL : IFA_ADDRESS)));
  }
  return all;
}

int TrafficControl::interface_towards(std::span<const std::uint8_t> address) {
  rtmsg head{};
  head.rtm_family = address.size() == 16 ? AF_INET6 : AF_INET;
  head.rtm_dst_len = static_cast<unsigned char>(address.size() * 8);
  AttributeWriter body;
  body.head(head).put_bytes(RTA_DST, std::as_bytes(address));
  try {
    for (const auto& message : socket_.request("ask for a route", RTM_GETROUTE, 0, body.bytes()))
      if (const auto out = attributes_behind<rtmsg>(message).value<std::uint32_t>(RTA_OIF))
        return static_cast<int>(*out);
  } catch (const SystemError& error) {
    if (error.code().value() != ENETUNREACH && error.code().value() != EHOSTUNREACH) throw;
  }
  return 0;
}

int TrafficControl::add_ifb(const std::string& name, const std::string& alias, std::uint32_t mtu) {
  AttributeWriter body;
  body.head(ifinfomsg{});
  body.put_text(IFLA_IFNAME, name).put(IFLA_MTU, mtu);
  body.put(IFLA_NUM_TX_QUEUES, std::uint32_t{1}).put(IFLA_NUM_RX_QUEUES, std::uint32_t{1});
  body.nest(IFLA_LINKINFO, [](AttributeWriter& info) { info.put_text(IFLA_INFO_KIND, "ifb"); });
  const std::string attempt = "add the interface " + name + " of kind ifb";
  socket_.request(attempt, RTM_NEWLINK, add_only, body.bytes());
  const auto made = interface(name);
  if (!made) throw SystemError(attempt + ": it is not there", ENODEV);
  ifinfomsg head{};
  head.ifi_index = made->index;
  AttributeWriter said;  // a name for people is not taken from who makes an interface
  said.head(head).put_text(IFLA_IFALIAS, alias);
  socket_.request("name the owner of " + name, RTM_NEWLINK, 0, said.bytes());
  // Not a packet of its own may pass its queues: no IPv6 address, which would be announced. A kernel without IPv6
  // refuses, and has none.
  AttributeWriter quiet;
  quiet.head(head).nest(IFLA_AF_SPEC, [](AttributeWriter& families) {
    families.nest(AF_INET6, [](AttributeWriter& inet6) {
      inet6.put(IFLA_INET6_ADDR_GEN_MODE, static_cast<std::uint8_t>(IN6_ADDR_GEN_MODE_NONE));
    });
  });
  try {
    socket_.request("keep IPv6 off " + name, RTM_NEWLINK, 0, quiet.bytes());
  } catch (const SystemError& error) {
    if (error.code().value() != EAFNOSUPPORT && error.code().value() != EOPNOTSUPP) throw;
  }
  return made->index;
}

void TrafficControl::bring_up(int interface) {
  ifinfomsg head{};
  head.ifi_index = interface;
  head.ifi_flags = IFF_UP;
  head.ifi_change = IFF_UP;
  AttributeWriter body;
  body.head(head);
  socket_.request(fmt::format("bring up interface {}", interface), RTM_NEWLINK, 0, body.bytes());
}

void TrafficControl::remove_interface(int interface) {
  ifinfomsg head{};
  head.ifi_index = interface;
  AttributeWriter body;
  body.head(head);
  socket_.request(fmt::format("remove interface {}", interface), RTM_DELLINK, 0, body.bytes());
}

std::vector<Qdisc> TrafficControl::qdiscs(int interface) {
  AttributeWriter body;
  body.head(tc_head(interface, 0, 0));
  std::vector<Qdisc> all;
  for (const auto& message : socket_.request("list queues", RTM_GETQDISC, NLM_F_DUMP, body.bytes())) {
    const auto head = head_of<tcmsg>(message);
    if (!head || head->tcm_ifindex != interface) continue;
    const Attributes found = attributes_behind<tcmsg>(message);
    const auto options = found.bytes(TCA_OPTIONS);
    all.push_back({head->tcm_handle,
                   head->tcm_parent,
                   found.text(TCA_KIND),
                   {options.begin(), options.end()},
                   parse_counters(found.nested(TCA_STATS2))});
  }
  return all;
}

void TrafficControl::add_qdisc(int interface, std::uint32_t parent, std::uint32_t handle, const std::string& kind,
                               std::span<const std::byte> options) {
  AttributeWriter body;
  body.head(tc_head(interface, parent, handle)).put_text(TCA_KIND, kind);
  if (!options.empty()) body.put_bytes(TCA_OPTIONS, options);
  socket_.request(fmt::format("add a {} queue {} to interface {}", kind, named(handle), interface), RTM_NEWQDISC,
                  add_only, body.bytes());
}

void TrafficControl::remove_qdisc(int interface, std::uint32_t parent, std::uint32_t handle) {
  AttributeWriter body;
  body.head(tc_head(interface, parent, handle));
  socket_.request(fmt::format("remove the queue {} of interface {}", named(handle), interface), RTM_DELQDISC, 0,
                  body.bytes());
}

std::vector<SeenFilter> TrafficControl::filters(int interface, std::uint32_t hook) {
  AttributeWriter body;
  body.head(tc_head(interface, hook, 0));
  std::vector<SeenFilter> all;
  for (const auto& message : socket_.request("list filters", RTM_GETTFILTER, NLM_F_DUMP, body.bytes()))
    if (auto filter = parse_filter(message)) all.push_back(std::move(*filter));
  return all;
}

void TrafficControl::add_filter(int interface, std::uint32_t hook, std::uint16_t priority, std::uint32_t handle,
                                const FlowerFilter& filter) {
  AttributeWriter body;
  body.head(tc_head(interface, hook, handle, filter_info(priority, filter.ether_type())));
  body.put_text(TCA_KIND, "flower").put_bytes(TCA_OPTIONS, flower_options(filter));
  socket_.request(fmt::format("add a flower filter to interface {}", interface), RTM_NEWTFILTER, add_only,
                  body.bytes());
}

void TrafficControl::remove_filter(int interface, std::uint32_t hook, const SeenFilter& filter) {
  AttributeWriter body;
  body.head(tc_head(interface, hook, filter.handle, filter_info(filter.priority, filter.ether_type)));
  body.put_text(TCA_KIND, filter.kind);
  socket_.request(fmt::format("remove a filter of interface {}", interface), RTM_DELTFILTER, 0, body.bytes());
}

}  // namespace withstand::os
