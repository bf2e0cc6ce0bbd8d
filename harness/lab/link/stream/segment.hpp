#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "lab/link/frame.hpp"
#include "lab/link/packet.hpp"

/// TCP segments (RFC 9293 §3.1): what one says, and new ones that say something else.
namespace withstand::lab::link::stream {

/// Sequence numbers, compared around zero (RFC 9293 §3.4).
[[nodiscard]] constexpr std::int32_t distance(std::uint32_t from, std::uint32_t to) {
  return static_cast<std::int32_t>(to - from);
}

struct Segment {
  static constexpr std::uint8_t fin = 0x01, syn = 0x02, rst = 0x04, psh = 0x08, ack = 0x10;

  PacketHeader header;
  std::uint32_t sequence = 0, acknowledgement = 0;
  std::uint8_t flags = 0;
  std::uint32_t length = 0;  ///< of its payload

  [[nodiscard]] bool opens() const { return (flags & (syn | ack)) == syn; }
  [[nodiscard]] bool accepts() const { return (flags & (syn | ack)) == (syn | ack); }
  [[nodiscard]] bool is(std::uint8_t flag) const { return (flags & flag) != 0; }
  /// The first number of its payload.
  [[nodiscard]] std::uint32_t data() const { return sequence + (is(syn) ? 1U : 0U); }
  /// The number after its payload, before a FIN.
  [[nodiscard]] std::uint32_t data_end() const { return data() + length; }
  [[nodiscard]] std::uint32_t end() const { return data_end() + (is(fin) ? 1U : 0U); }
};

/// Nothing for what is no whole TCP segment, super-packets included.
std::optional<Segment> segment_of(FrameView frame);

/// Where a segment goes: addresses and ports of one connection, in one direction, in network byte order.
struct Route {
  bool ipv6 = false;
  std::array<std::byte, 32> addresses{};  ///< source, destination: 4 bytes each, or 16
  std::uint16_t source_port = 0, destination_port = 0;

  [[nodiscard]] Route back() const;
};
Route route_of(FrameView frame, const Segment& segment);

/// Writes a segment without payload or options to `out` (at least 128 bytes) and returns the bytes written.
std::size_t forge(const Route& route, std::uint32_t sequence, std::uint32_t acknowledgement, std::uint8_t flags,
                  Frame out);

/// Writes the part of a segment that begins `first` bytes into its payload to `out`, `count` bytes of it, and returns
/// the bytes written. It keeps the header with its options; SYN stays with the first part, FIN and PSH with the last.
/// What is longer than one packet on the wire stays a super-packet. `out` must hold frame_capacity bytes and not
/// overlap.
std::size_t cut(FrameView frame, const Segment& segment, std::uint32_t first, std::uint32_t count, Frame out);

/// The same segment without its FIN, or nothing but that.
std::size_t without_fin(FrameView frame, const Segment& segment, Frame out);
std::size_t only_fin(FrameView frame, const Segment& segment, Frame out);

/// Puts other bytes at a place of its payload, within it, and mends its checksum by the difference (RFC 1624): so one
/// that was wrong stays wrong.
void overwrite(Frame frame, const Segment& segment, std::uint32_t first, std::span<const std::uint8_t> bytes);

/// A segment that was held comes behind ones that were sent later: with a time stamp (RFC 7323 §3) that is older than
/// theirs the receiver would take it for one of long ago and drop it (§5, PAWS). It gets `last`, the newest that was
/// sent on; a newer one becomes that.
void raise_timestamp(Frame frame, const Segment& segment, std::optional<std::uint32_t>& last);

}  // namespace withstand::lab::link::stream
