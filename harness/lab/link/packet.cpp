#include "lab/link/packet.hpp"

#include <algorithm>
#include <array>
#include <netinet/in.h>

#include "lab/link/checksum.hpp"

namespace withstand::lab::link {
namespace {

constexpr std::size_t ipv4_header = 20, ipv6_header = 40, tcp_header = 20, udp_header = 8, icmp_header = 8;
constexpr std::byte ecn_bits{0x03}, congestion_experienced{0x03};

FrameView packet_of(FrameView frame) { return frame.subspan(os::vnet_header_bytes); }
std::byte* packet_of(Frame frame) { return frame.data() + os::vnet_header_bytes; }

/// The two bits of ECN. In IPv6 the traffic class lies across the first two bytes, and ends within the second.
std::byte ecn(FrameView frame, const PacketHeader& header) {
  const std::byte second = packet_of(frame)[1];
  return (header.ipv6 ? second >> 4 : second) & ecn_bits;
}

void read_transport(FrameView ip, PacketHeader& header) {
  header.payload = header.transport;
  const FrameView transport = ip.subspan(header.transport);
  std::size_t length = 0;
  if (header.protocol == IPPROTO_TCP && transport.size() >= tcp_header) {
    length = static_cast<std::size_t>(load8(&transport[12]) >> 4) * 4;
    header.tcp_flags = load8(&transport[13]);
  } else if (header.protocol == IPPROTO_UDP && transport.size() >= udp_header) {
    length = udp_header;
  } else if (header.protocol == IPPROTO_ICMP || header.protocol == IPPROTO_ICMPV6) {
    length = icmp_header;
  }
  if (length == 0 || length > transport.size()) return;
  header.payload = static_cast<std::uint16_t>(header.transport + length);
  if (header.protocol != IPPROTO_TCP && header.protocol != IPPROTO_UDP) return;
  header.source_port = load16(transport.data());
  header.destination_port = load16(&transport[2]);
}

/// Steps over IPv6's extension headers (RFC 8200 §4); false when what follows is not in this packet.
bool skip_extensions(FrameView ip, PacketHeader& header) {
  std::size_t at = ipv6_header;
  header.protocol = load8(&ip[6]);
  for (int steps = 0; steps < 8 && at + 8 <= ip.size(); ++steps) {
    const bool fragment = header.protocol == IPPROTO_FRAGMENT;
    if (header.protocol != IPPROTO_HOPOPTS && header.protocol != IPPROTO_ROUTING &&
        header.protocol != IPPROTO_DSTOPTS && !fragment)
      break;
    const bool later = fragment && (load16(&ip[at + 2]) & 0xfff8) != 0;
    header.protocol = load8(&ip[at]);
    at += fragment ? 8 : (std::size_t{load8(&ip[at + 1])} + 1) * 8;
    if (later) {
      header.transport = header.payload = static_cast<std::uint16_t>(std::min(at, ip.size()));
      return false;
    }
  }
  header.transport = header.payload = static_cast<std::uint16_t>(std::min(at, ip.size()));
  return at <= ip.size();
}

/// In the header of TCP, UDP, ICMP.
std::size_t checksum_place(std::uint8_t protocol) {
  return protocol == IPPROTO_TCP ? 16 : protocol == IPPROTO_UDP ? 6 : 2;
}

void repair_checksums(Frame frame, const PacketHeader& header) {
  std::byte* ip = packet_of(frame);
  const std::size_t size = frame.size() - os::vnet_header_bytes;
  if (!header.ipv6) store_ipv4_checksum(ip, header.transport);
  if (header.payload == header.transport) return;
  std::byte* field = ip + header.transport + checksum_place(header.protocol);
  const bool none = header.protocol == IPPROTO_UDP && !header.ipv6 && load<std::uint16_t>(field) == 0;
  if (none) return;
  const std::size_t length = size - header.transport;
  store<std::uint16_t>(field, 0);
  std::uint64_t sum = sum_words({ip + header.transport, length});
  if (header.protocol != IPPROTO_ICMP) sum += pseudo_header(ip, header.ipv6, header.protocol, length);
  std::uint16_t value = checksum_of(sum);
  if (value == 0 && header.protocol == IPPROTO_UDP) value = 0xffff;
  store(field, value);
}

/// The checksums that would be repaired: where they are, in bytes; an end of 0: there is none.
struct Checksums {
  struct Field {
    std::size_t from = 0, to = 0;
  };
  Field network, transport;
};
Checksums checksums_of(const PacketHeader& header) {
  Checksums found;
  if (!header.ipv6) found.network = {10, 12};
  if (header.payload == header.transport) return found;
  const std::size_t place = header.transport + checksum_place(header.protocol);
  found.transport = {place, place + 2};
  return found;
}

/// Which bit of the packet the so manieth is of those that may flip: a checksum that is repaired is no place for
/// damage.
std::uint32_t bit_at(std::size_t from, std::uint64_t number, const Checksums& spared) {
  std::uint64_t bit = from * 8 + number;
  for (const auto& field : {spared.network, spared.transport})
    if (field.to > from && bit >= field.from * 8) bit += (field.to - field.from) * 8;
  return static_cast<std::uint32_t>(bit);
}

std::uint64_t spared_bits(std::size_t from, std::size_t to, const Checksums& spared) {
  std::uint64_t bits = 0;
  for (const auto& field : {spared.network, spared.transport})
    if (field.from >= from && field.to <= to) bits += (field.to - field.from) * 8;
  return bits;
}

/// The bytes of the packet, from and to, in which bits may flip.
std::pair<std::size_t, std::size_t> region(FrameView ip, const PacketHeader& header,
                                           core::CorruptSettings::Where where) {
  switch (where) {
    case core::CorruptSettings::Where::payload:
      return {header.payload, ip.size()};
    case core::CorruptSettings::Where::header:
      return {0, header.payload};
    case core::CorruptSettings::Where::anywhere:
      break;
  }
  return {0, ip.size()};
}

}  // namespace

std::optional<PacketHeader> packet_header(FrameView frame) {
  if (frame.size() < os::vnet_header_bytes + ipv4_header) return {};
  const FrameView ip = packet_of(frame);
  PacketHeader header;
  const auto version = load8(ip.data()) >> 4;
  if (version == 4) {
    const std::size_t length = static_cast<std::size_t>(load8(ip.data()) & 0x0f) * 4;
    if (length < ipv4_header || length > ip.size()) return {};
    header.protocol = load8(&ip[9]);
    header.transport = header.payload = static_cast<std::uint16_t>(length);
    if ((load16(&ip[6]) & 0x1fff) == 0) read_transport(ip, header);
    return header;
  }
  if (version != 6 || ip.size() < ipv6_header) return {};
  header.ipv6 = true;
  if (skip_extensions(ip, header)) read_transport(ip, header);
  return header;
}

std::uint8_t time_to_live(FrameView frame, const PacketHeader& header) {
  return load8(&packet_of(frame)[header.ipv6 ? 7 : 8]);
}

// The header's length is what was read when the packet came: another impairment may have damaged the field since.
void lower_time_to_live(Frame frame, const PacketHeader& header, std::uint32_t hops) {
  std::byte* ip = packet_of(frame);
  const std::uint32_t before = time_to_live(frame, header);
  ip[header.ipv6 ? 7 : 8] = static_cast<std::byte>(before - std::min(before, hops));
  if (!header.ipv6) store_ipv4_checksum(ip, header.transport);
}

bool mark_congestion(Frame frame, const PacketHeader& header) {
  if (!can_be_marked(frame, header)) return false;
  std::byte* ip = packet_of(frame);
  ip[1] |= header.ipv6 ? congestion_experienced << 4 : congestion_experienced;
  if (!header.ipv6) store_ipv4_checksum(ip, header.transport);
  return true;
}

bool can_be_marked(FrameView frame, const PacketHeader& header) { return ecn(frame, header) != std::byte{0}; }

bool congestion_marked(FrameView frame, const PacketHeader& header) {
  return ecn(frame, header) == congestion_experienced;
}

FlippedBits corrupt(Frame frame, const PacketHeader& header, const core::CorruptSettings& settings,
                    const core::DrawStream& draws) {
  complete_checksum(frame);
  std::byte* ip = packet_of(frame);
  const auto [from, to] = region(packet_of(FrameView(frame)), header, settings.where);
  const Checksums spared = settings.repaired ? checksums_of(header) : Checksums{};
  const std::uint64_t size = (to - from) * 8 - spared_bits(from, to, spared);
  const auto bits = std::min(
      {static_cast<std::uint64_t>(std::max<std::int64_t>(settings.bits, 0)), size, std::uint64_t{FlippedBits::most}});
  // Floyd's sampling (Bentley, "Programming pearls: a sample of brilliance", 1987): so many different ones, each set
  // of them as likely as any other.
  FlippedBits flipped;
  for (std::uint64_t i = 0; i < bits; ++i) {
    const std::uint64_t last = size - bits + i;
    const std::uint64_t drawn = draws.below(i, last + 1);
    const std::uint32_t wanted = bit_at(from, drawn, spared);
    const auto end = flipped.at.begin() + static_cast<std::ptrdiff_t>(i);
    const bool taken = std::find(flipped.at.begin(), end, wanted) != end;
    const std::uint32_t bit = flipped.at[i] = taken ? bit_at(from, last, spared) : wanted;
    ip[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
  }
  flipped.count = bits;
  if (settings.repaired) repair_checksums(frame, header);
  return flipped;
}

std::uint64_t digest(FrameView frame) {
  std::uint64_t hash = 0x9e3779b97f4a7c15ULL * (frame.size() + 1);
  FrameView bytes = packet_of(frame);
  const auto take = [&hash](std::uint64_t word) {
    hash = (hash ^ word) * 0xff51afd7ed558ccdULL;
    hash ^= hash >> 32;
  };
  for (; bytes.size() >= 8; bytes = bytes.subspan(8)) take(load<std::uint64_t>(bytes.data()));
  std::uint64_t rest = 0;
  std::memcpy(&rest, bytes.data(), bytes.size());
  take(rest);
  return hash;
}

}  // namespace withstand::lab::link
