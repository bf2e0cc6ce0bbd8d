#include "lab/link/stream/segment.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <netinet/in.h>

#include "lab/link/checksum.hpp"

namespace withstand::lab::link::stream {
namespace {

constexpr std::size_t ipv4_header = 20, ipv6_header = 40, tcp_header = 20, checksum_field = 16;

std::uint32_t load32(const std::byte* from) { return ntohl(load<std::uint32_t>(from)); }
void store32(std::byte* to, std::uint32_t value) { store(to, htonl(value)); }

/// Lengths and IPv4's checksum, for a packet of `bytes` in all.
void write_lengths(std::byte* ip, bool ipv6, std::size_t bytes) {
  if (ipv6) return store16(ip + 4, bytes - ipv6_header);
  store16(ip + 2, bytes);
  store_ipv4_checksum(ip, static_cast<std::size_t>(ip[0] & std::byte{0x0f}) * 4);
}

/// As the sender's kernel leaves it to its interface: the sum of the pseudo-header, the rest to be added by whoever
/// needs it.
void leave_checksum_open(Frame frame, const PacketHeader& header, std::uint16_t gso_size) {
  std::byte* ip = frame.data() + os::vnet_header_bytes;
  const std::size_t length = frame.size() - os::vnet_header_bytes - header.transport;
  store(ip + header.transport + checksum_field, pseudo_header(ip, header.ipv6, IPPROTO_TCP, length));
  os::VnetHeader open{.flags = os::VnetHeader::needs_checksum,
                      .gso_type = 0,
                      .header_length = header.payload,
                      .gso_size = 0,
                      .checksum_start = header.transport,
                      .checksum_offset = checksum_field};
  if (gso_size > 0 && frame.size() - os::vnet_header_bytes - header.payload > gso_size) {
    open.gso_type = header.ipv6 ? os::VnetHeader::gso_tcp6 : os::VnetHeader::gso_tcp4;
    open.gso_size = gso_size;
  }
  store(frame.data(), open);
}

/// The header of a segment, then `count` bytes of its payload, with other flags.
std::size_t copy_part(FrameView frame, const Segment& segment, std::uint32_t first, std::uint32_t count,
                      std::uint8_t flags, Frame out) {
  const std::size_t head = os::vnet_header_bytes + segment.header.payload;
  std::memcpy(out.data(), frame.data(), head);
  if (count > 0) std::memcpy(out.data() + head, frame.data() + head + first, count);
  const Frame made = out.first(head + count);
  std::byte* ip = out.data() + os::vnet_header_bytes;
  std::byte* tcp = ip + segment.header.transport;
  store32(tcp + 4, first == 0 ? segment.sequence : segment.data() + first);
  tcp[13] = std::byte{flags};
  write_lengths(ip, segment.header.ipv6, made.size() - os::vnet_header_bytes);
  leave_checksum_open(made, segment.header, load<os::VnetHeader>(frame.data()).gso_size);
  return made.size();
}

}  // namespace

std::optional<Segment> segment_of(FrameView frame) {
  const auto header = packet_header(frame);
  if (!header || header->protocol != IPPROTO_TCP || header->payload < header->transport + tcp_header) return {};
  const FrameView ip = frame.subspan(os::vnet_header_bytes);
  if (header->payload > ip.size()) return {};
  const std::byte* tcp = ip.data() + header->transport;
  return Segment{.header = *header,
                 .sequence = load32(tcp + 4),
                 .acknowledgement = load32(tcp + 8),
                 .flags = load8(tcp + 13),
                 .length = static_cast<std::uint32_t>(ip.size() - header->payload)};
}

Route Route::back() const {
  Route turned = *this;
  const std::size_t each = ipv6 ? 16 : 4;
  std::rotate(turned.addresses.begin(), turned.addresses.begin() + static_cast<std::ptrdiff_t>(each),
              turned.addresses.begin() + static_cast<std::ptrdiff_t>(2 * each));
  std::swap(turned.source_port, turned.destination_port);
  return turned;
}

Route route_of(FrameView frame, const Segment& segment) {
  const std::byte* ip = frame.data() + os::vnet_header_bytes;
  Route route{.ipv6 = segment.header.ipv6,
              .addresses = {},
              .source_port = segment.header.source_port,
              .destination_port = segment.header.destination_port};
  const std::size_t bytes = route.ipv6 ? 32 : 8;
  std::memcpy(route.addresses.data(), ip + (route.ipv6 ? 8 : 12), bytes);
  return route;
}

std::size_t forge(const Route& route, std::uint32_t sequence, std::uint32_t acknowledgement, std::uint8_t flags,
                  Frame out) {
  const std::size_t ip_header = route.ipv6 ? ipv6_header : ipv4_header;
  const Frame made = out.first(os::vnet_header_bytes + ip_header + tcp_header);
  std::fill(made.begin(), made.end(), std::byte{0});
  std::byte* ip = made.data() + os::vnet_header_bytes;
  if (route.ipv6) {
    ip[0] = std::byte{0x60};
    ip[6] = std::byte{IPPROTO_TCP};
    ip[7] = std::byte{64};
    std::memcpy(ip + 8, route.addresses.data(), 32);
  } else {
    ip[0] = std::byte{0x45};
    ip[6] = std::byte{0x40};  // not to be fragmented
    ip[8] = std::byte{64};
    ip[9] = std::byte{IPPROTO_TCP};
    std::memcpy(ip + 12, route.addresses.data(), 8);
  }
  std::byte* tcp = ip + ip_header;
  store16(tcp, route.source_port);
  store16(tcp + 2, route.destination_port);
  store32(tcp + 4, sequence);
  store32(tcp + 8, (flags & Segment::ack) != 0 ? acknowledgement : 0);
  tcp[12] = std::byte{(tcp_header / 4) << 4};
  tcp[13] = std::byte{flags};
  store16(tcp + 14, 0xffff);  // its window
  write_lengths(ip, route.ipv6, made.size() - os::vnet_header_bytes);
  PacketHeader header;
  header.ipv6 = route.ipv6;
  header.transport = static_cast<std::uint16_t>(ip_header);
  header.payload = static_cast<std::uint16_t>(ip_header + tcp_header);
  leave_checksum_open(made, header, 0);
  complete_checksum(made);
  return made.size();
}

std::size_t cut(FrameView frame, const Segment& segment, std::uint32_t first, std::uint32_t count, Frame out) {
  std::uint8_t flags = segment.flags;
  if (first > 0) flags = static_cast<std::uint8_t>(flags & ~Segment::syn);
  if (first + count < segment.length) flags = static_cast<std::uint8_t>(flags & ~(Segment::fin | Segment::psh));
  return copy_part(frame, segment, first, count, flags, out);
}

std::size_t without_fin(FrameView frame, const Segment& segment, Frame out) {
  return copy_part(frame, segment, 0, segment.length, static_cast<std::uint8_t>(segment.flags & ~Segment::fin), out);
}

std::size_t only_fin(FrameView frame, const Segment& segment, Frame out) {
  return copy_part(frame, segment, segment.length, 0, segment.flags, out);
}

/// Other bytes at a place of the TCP header or what is behind it.
static void put_bytes(Frame frame, const Segment& segment, std::size_t start, std::span<const std::uint8_t> bytes) {
  std::byte* tcp = frame.data() + os::vnet_header_bytes + segment.header.transport;
  // What the receiver's kernel has yet to sum up needs no mending.
  const bool open = (load<os::VnetHeader>(frame.data()).flags & os::VnetHeader::needs_checksum) != 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const std::size_t at = start + i;
    const unsigned before = load8(tcp + at), now = bytes[i], shift = at % 2 == 0 ? 8 : 0;
    tcp[at] = std::byte{bytes[i]};
    if (open) continue;
    const std::uint64_t sum = static_cast<std::uint16_t>(~load16(tcp + checksum_field)) +
                              std::uint64_t{static_cast<std::uint16_t>(~(before << shift))} + (now << shift);
    store16(tcp + checksum_field, static_cast<std::uint16_t>(~link::fold(sum)));
  }
}

void overwrite(Frame frame, const Segment& segment, std::uint32_t first, std::span<const std::uint8_t> bytes) {
  put_bytes(frame, segment, segment.header.payload - segment.header.transport + std::size_t{first}, bytes);
}

void raise_timestamp(Frame frame, const Segment& segment, std::optional<std::uint32_t>& last) {
  constexpr std::size_t first_option = 20, length = 10;
  constexpr unsigned end = 0, nothing = 1, timestamp = 8;
  const std::byte* tcp = frame.data() + os::vnet_header_bytes + segment.header.transport;
  const std::size_t header = segment.header.payload - segment.header.transport;
  for (std::size_t at = first_option; at + 1 < header;) {
    const unsigned kind = load8(tcp + at);
    if (kind == end) return;
    if (kind == nothing) {
      ++at;
      continue;
    }
    const std::size_t size = load8(tcp + at + 1);
    if (size < 2 || at + size > header) return;
    if (kind != timestamp || size != length) {
      at += size;
      continue;
    }
    const std::uint32_t value = (std::uint32_t{load16(tcp + at + 2)} << 16) | load16(tcp + at + 4);
    if (!last || static_cast<std::int32_t>(value - *last) >= 0) {
      last = value;
    } else {
      const std::array<std::uint8_t, 4> newer{static_cast<std::uint8_t>(*last >> 24),
                                              static_cast<std::uint8_t>(*last >> 16),
                                              static_cast<std::uint8_t>(*last >> 8), static_cast<std::uint8_t>(*last)};
      put_bytes(frame, segment, at + 2, newer);
    }
    return;
  }
}

}  // namespace withstand::lab::link::stream
