#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "core/draw.hpp"
#include "core/impairment.hpp"
#include "lab/link/frame.hpp"

/// One IP packet as an impairment sees it: its headers, and what can be done to its bytes. Nothing here trusts a length
/// it has not checked.
namespace withstand::lab::link {

/// Offsets count from the start of the IP header.
struct PacketHeader {
  bool ipv6 = false;
  std::uint8_t protocol = 0;    ///< IPPROTO_TCP, ...; of the first header behind IPv6's options
  std::uint8_t tcp_flags = 0;   ///< of TCP
  std::uint16_t transport = 0;  ///< where the transport header starts
  std::uint16_t payload = 0;    ///< where its payload starts; == transport where the transport is not TCP, UDP or ICMP
  std::uint16_t source_port = 0, destination_port = 0;  ///< of TCP and UDP; 0 in later fragments

  static constexpr std::uint8_t syn = 0x02, ack = 0x10;
  [[nodiscard]] bool has(std::uint16_t port) const { return port == source_port || port == destination_port; }
};

/// Nothing for what is no IP packet.
std::optional<PacketHeader> packet_header(FrameView frame);

/// Lowers the time to live (hop limit) as `hops` routers would, at most to 0.
void lower_time_to_live(Frame frame, const PacketHeader& header, std::uint32_t hops);
[[nodiscard]] std::uint8_t time_to_live(FrameView frame, const PacketHeader& header);

/// Explicit congestion notification (RFC 3168 §5): a packet that can carry the mark gets it; false for others.
bool mark_congestion(Frame frame, const PacketHeader& header);
[[nodiscard]] bool can_be_marked(FrameView frame, const PacketHeader& header);
[[nodiscard]] bool congestion_marked(FrameView frame, const PacketHeader& header);

/// Bits of a packet, counted from the start of its IP header: of byte i, i * 8 is the least.
struct FlippedBits {
  static constexpr std::size_t most = 64;
  std::array<std::uint32_t, most> at{};
  std::size_t count = 0;
};

/// Flips settings.bits different bits, drawn from `draws`, and says which. The packet must be a single one; a checksum
/// that was left to the receiver's kernel is completed first, so that the damage shows (or is repaired, as the settings
/// say). There must be a byte where the bits are wanted.
FlippedBits corrupt(Frame frame, const PacketHeader& header, const core::CorruptSettings& settings,
                    const core::DrawStream& draws);

/// To tell whether a packet was changed on its way; not against an adversary.
[[nodiscard]] std::uint64_t digest(FrameView frame);

}  // namespace withstand::lab::link
