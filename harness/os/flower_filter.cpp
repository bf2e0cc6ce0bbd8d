#include "os/flower_filter.hpp"

#include <algorithm>
#include <endian.h>
#include <netinet/in.h>

#include <linux/gen_stats.h>
#include <linux/if_ether.h>
#include <linux/pkt_cls.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>

#include "os/netlink_attributes.hpp"
#include "os/traffic_counters.hpp"

namespace withstand::os {
namespace {

struct Keys {
  std::uint16_t value, mask;
};
Keys source_keys(bool v6) {
  return v6 ? Keys{TCA_FLOWER_KEY_IPV6_SRC, TCA_FLOWER_KEY_IPV6_SRC_MASK}
            : Keys{TCA_FLOWER_KEY_IPV4_SRC, TCA_FLOWER_KEY_IPV4_SRC_MASK};
}
Keys destination_keys(bool v6) {
  return v6 ? Keys{TCA_FLOWER_KEY_IPV6_DST, TCA_FLOWER_KEY_IPV6_DST_MASK}
            : Keys{TCA_FLOWER_KEY_IPV4_DST, TCA_FLOWER_KEY_IPV4_DST_MASK};
}

Keys source_port_keys(std::uint8_t protocol) {
  return protocol == IPPROTO_UDP ? Keys{TCA_FLOWER_KEY_UDP_SRC, TCA_FLOWER_KEY_UDP_SRC_MASK}
                                 : Keys{TCA_FLOWER_KEY_TCP_SRC, TCA_FLOWER_KEY_TCP_SRC_MASK};
}
Keys destination_port_keys(std::uint8_t protocol) {
  return protocol == IPPROTO_UDP ? Keys{TCA_FLOWER_KEY_UDP_DST, TCA_FLOWER_KEY_UDP_DST_MASK}
                                 : Keys{TCA_FLOWER_KEY_TCP_DST, TCA_FLOWER_KEY_TCP_DST_MASK};
}

void put_address(AttributeWriter& out, const Keys& keys, const std::vector<std::uint8_t>& address) {
  if (address.empty()) return;
  const std::vector<std::uint8_t> mask(address.size(), 0xff);
  out.put_bytes(keys.value, std::as_bytes(std::span(address)));
  out.put_bytes(keys.mask, std::as_bytes(std::span(mask)));
}

void put_port(AttributeWriter& out, const Keys& keys, std::uint16_t port) {
  if (port == 0) return;
  out.put(keys.value, htobe16(port));
  out.put(keys.mask, std::uint16_t{0xffff});
}

void put_flags(AttributeWriter& out, const FlowerFilter& filter) {
  if (filter.tcp_flags_mask == 0) return;
  out.put(TCA_FLOWER_KEY_TCP_FLAGS, htobe16(filter.tcp_flags));
  out.put(TCA_FLOWER_KEY_TCP_FLAGS_MASK, htobe16(filter.tcp_flags_mask));
}

constexpr std::uint16_t first_action = 1;

void put_redirect(AttributeWriter& out, const FlowerFilter& filter) {
  tc_mirred redirect{};
  redirect.action = TC_ACT_STOLEN;
  redirect.eaction = TCA_EGRESS_REDIR;
  redirect.ifindex = static_cast<__u32>(filter.redirect_to);
  out.nest(first_action, [&](AttributeWriter& action) {
    action.put_text(TCA_ACT_KIND, "mirred");
    action.nest(TCA_ACT_OPTIONS, [&](AttributeWriter& options) { options.put(TCA_MIRRED_PARMS, redirect); });
    action.put(TCA_ACT_COOKIE, filter.owner);
  });
}

void parse_action(const Attributes& action, SeenFilter& out) {
  const Attributes options = action.nested(TCA_ACT_OPTIONS);
  if (const auto redirect = options.value<tc_mirred>(TCA_MIRRED_PARMS))
    out.filter.redirect_to = static_cast<int>(redirect->ifindex);
  if (const auto owner = action.value<OwnerTag>(TCA_ACT_COOKIE)) {
    out.has_owner = true;
    out.filter.owner = *owner;
  }
  const TrafficCounters counters = parse_counters(action.nested(TCA_ACT_STATS));
  out.packets = counters.packets;
  out.bytes = counters.bytes;
}

/// Only a whole address is one of ours.
std::vector<std::uint8_t> parse_address(const Attributes& options, const Keys& keys) {
  const auto raw = options.bytes(keys.value), mask = options.bytes(keys.mask);
  const bool whole = std::all_of(mask.begin(), mask.end(), [](std::byte each) { return each == std::byte{0xff}; });
  if (mask.size() != raw.size() || !whole) return {};
  std::vector<std::uint8_t> address(raw.size());
  if (!raw.empty()) std::memcpy(address.data(), raw.data(), raw.size());
  return address;
}

void parse_flower(const Attributes& options, SeenFilter& out) {
  const bool v6 = out.ether_type == ETH_P_IPV6;
  out.filter.source = parse_address(options, source_keys(v6));
  out.filter.destination = parse_address(options, destination_keys(v6));
  out.filter.protocol = options.value<std::uint8_t>(TCA_FLOWER_KEY_IP_PROTO).value_or(0);
  const auto port = [&](const Keys& keys) {
    return options.has(keys.mask) ? be16toh(options.value<std::uint16_t>(keys.value).value_or(0)) : std::uint16_t{0};
  };
  out.filter.source_port = port(source_port_keys(out.filter.protocol));
  out.filter.destination_port = port(destination_port_keys(out.filter.protocol));
  const auto flags = [&](std::uint16_t key) { return be16toh(options.value<std::uint16_t>(key).value_or(0)); };
  out.filter.tcp_flags = flags(TCA_FLOWER_KEY_TCP_FLAGS);
  out.filter.tcp_flags_mask = flags(TCA_FLOWER_KEY_TCP_FLAGS_MASK);
  parse_action(options.nested(TCA_FLOWER_ACT).nested(first_action), out);
}

}  // namespace

OwnerTag owner_tag_of(const std::string& owner) {
  // FNV-1a, twice from different starts: distinct names must differ, nobody is to be fooled.
  OwnerTag tag{};
  std::uint64_t hashes[2] = {0xcbf29ce484222325, 0x84222325cbf29ce4};
  for (auto& hash : hashes)
    for (const char each : "withstand " + owner) hash = (hash ^ static_cast<unsigned char>(each)) * 0x100000001b3;
  std::memcpy(tag.data(), hashes, sizeof hashes);
  return tag;
}

std::uint16_t FlowerFilter::ether_type() const {
  return source.size() + destination.size() >= 16 ? ETH_P_IPV6 : ETH_P_IP;
}

std::vector<std::byte> flower_options(const FlowerFilter& filter) {
  const bool v6 = filter.ether_type() == ETH_P_IPV6;
  AttributeWriter out;
  out.put(TCA_FLOWER_KEY_ETH_TYPE, htobe16(filter.ether_type()));
  // A network card that filters by itself cannot hand packets to a queue of the kernel's.
  out.put(TCA_FLOWER_FLAGS, std::uint32_t{TCA_CLS_FLAGS_SKIP_HW});
  put_address(out, source_keys(v6), filter.source);
  put_address(out, destination_keys(v6), filter.destination);
  if (filter.protocol != 0) out.put(TCA_FLOWER_KEY_IP_PROTO, filter.protocol);
  put_port(out, source_port_keys(filter.protocol), filter.source_port);
  put_port(out, destination_port_keys(filter.protocol), filter.destination_port);
  put_flags(out, filter);
  out.nest(TCA_FLOWER_ACT, [&](AttributeWriter& actions) { put_redirect(actions, filter); });
  return out.bytes();
}

std::optional<SeenFilter> parse_filter(std::span<const std::byte> message) {
  tcmsg head{};
  if (message.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, message.data(), sizeof head);
  const Attributes found(message.subspan(sizeof head));
  if (head.tcm_handle == 0 || !found.has(TCA_KIND)) return std::nullopt;
  SeenFilter out;
  out.kind = found.text(TCA_KIND);
  out.handle = head.tcm_handle;
  out.priority = static_cast<std::uint16_t>(head.tcm_info >> 16);
  out.ether_type = be16toh(static_cast<std::uint16_t>(head.tcm_info));
  if (out.kind == "flower") parse_flower(found.nested(TCA_OPTIONS), out);
  return out;
}

}  // namespace withstand::os
