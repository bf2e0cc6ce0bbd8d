#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

/// Packets picked by address, protocol and port (tc-flower(8), cls_flower) and handed to another interface
/// (tc-mirred(8), act_mirred): the filter's netlink attributes. Bytes only, no system calls.
namespace withstand::os {

/// Marks what is ours: the action's cookie, which the kernel keeps and never reads.
using OwnerTag = std::array<std::uint8_t, 16>;
OwnerTag owner_tag_of(const std::string& owner);

struct FlowerFilter {
  /// 4 bytes of IPv4 or 16 of IPv6, both of one family; not both empty. Empty: any.
  std::vector<std::uint8_t> source{}, destination{};
  std::uint8_t protocol = 0;                            ///< IP protocol number; 0: any
  std::uint16_t source_port = 0, destination_port = 0;  ///< with TCP (6) or UDP (17); 0: any
  /// With TCP: those of the header's flags (TCPHDR_..., 12 bits) that are looked at, and what they must be; 0: any.
  std::uint16_t tcp_flags_mask = 0, tcp_flags = 0;
  int redirect_to = 0;  ///< index of the interface that gets the packets
  OwnerTag owner{};
  auto operator<=>(const FlowerFilter&) const = default;

  [[nodiscard]] std::uint16_t ether_type() const;  ///< ETH_P_IP or ETH_P_IPV6
};

/// The value of TCA_OPTIONS.
std::vector<std::byte> flower_options(const FlowerFilter& filter);

/// A filter as the kernel tells it.
struct SeenFilter {
  std::string kind;  ///< "flower"
  std::uint32_t handle = 0;
  std::uint16_t priority = 0, ether_type = 0;
  FlowerFilter filter;  ///< of kind flower
  bool has_owner = false;
  std::uint64_t packets = 0, bytes = 0;  ///< that were handed over; a super-packet counts as what it is made of
};
/// `message` is the payload of an RTM_NEWTFILTER; nothing for what is no filter (a chain's head).
std::optional<SeenFilter> parse_filter(std::span<const std::byte> message);

}  // namespace withstand::os
