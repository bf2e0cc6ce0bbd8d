#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "os/tun.hpp"

/// What one read of a TUN device returns: an os::VnetHeader, then an IP packet, which may be
/// a super-packet of up to 64 KiB that the kernel left to others to segment (GSO). Pure; nothing here trusts a length
/// it has not checked, since a node may send anything.
namespace withstand::lab::link {

using Frame = std::span<std::byte>;
using FrameView = std::span<const std::byte>;

/// Room for the largest frame.
inline constexpr std::size_t frame_capacity = os::vnet_header_bytes + 65536;

/// A frame that stands for several packets on the wire. Offsets count from the start of the IP header.
struct SuperPacket {
  std::size_t transport = 0;  ///< where the TCP or UDP header starts
  std::size_t headers = 0;    ///< bytes of IP and transport headers, repeated in every packet
  std::size_t segment = 0;    ///< payload bytes of every packet but the last
  std::size_t payload = 0;    ///< payload bytes of all of them
  bool ipv6 = false;
  bool udp = false;

  [[nodiscard]] std::size_t packets() const { return (payload + segment - 1) / segment; }
};

/// Nothing when the frame is one packet, or says of itself what cannot be.
std::optional<SuperPacket> super_packet(FrameView frame);

/// How many packets the frame is on the wire; 1 for what cannot be parsed.
std::size_t wire_packets(FrameView frame);

/// Writes packets [first, first + count) of a super-packet to `out`, as a super-packet again if they are several, and
/// returns the bytes written. As the kernel's own segmentation does: sequence number and IP identification advance, PSH
/// and FIN stay with the last packet, CWR with the first. A single packet gets its complete checksum, so the receiver
/// verifies it; several keep the partial one. `out` must hold frame_capacity bytes and not overlap the frame.
std::size_t slice(FrameView frame, const SuperPacket& super, std::size_t first, std::size_t count, Frame out);

/// Replaces a partial checksum (VnetHeader::needs_checksum) of a single packet by the complete one.
void complete_checksum(Frame frame);

}  // namespace withstand::lab::link
