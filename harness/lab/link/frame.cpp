#include "lab/link/frame.hpp"

#include <algorithm>
#include <cstring>
#include <netinet/in.h>

#include "lab/link/checksum.hpp"

namespace withstand::lab::link {
namespace {

constexpr std::size_t ipv4_header = 20, ipv6_header = 40, tcp_header = 20, udp_header = 8;
constexpr std::uint8_t fin = 0x01, psh = 0x08, cwr = 0x80;

using os::VnetHeader;

void write_ip_header(std::byte* ip, const SuperPacket& super, std::size_t first, std::size_t payload) {
  if (super.ipv6) {
    store16(ip + 4, super.headers - ipv6_header + payload);
    return;
  }
  store16(ip + 2, super.headers + payload);
  store16(ip + 4, load16(ip + 4) + first);
  store_ipv4_checksum(ip, static_cast<std::size_t>(ip[0] & std::byte{0x0f}) * 4);
}

/// Everything but the checksum.
void write_transport_header(std::byte* transport, const SuperPacket& super, std::size_t first, std::size_t count,
                            std::size_t payload) {
  if (super.udp) {
    store16(transport + 4, udp_header + payload);
    return;
  }
  const std::uint32_t sequence = ntohl(load<std::uint32_t>(transport + 4));
  store(transport + 4, htonl(sequence + static_cast<std::uint32_t>(first * super.segment)));
  auto flags = static_cast<std::uint8_t>(transport[13]);
  if (first + count < super.packets()) flags = static_cast<std::uint8_t>(flags & ~(fin | psh));
  if (first > 0) flags = static_cast<std::uint8_t>(flags & ~cwr);
  transport[13] = std::byte{flags};
}

}  // namespace

std::optional<SuperPacket> super_packet(FrameView frame) {
  if (frame.size() < os::vnet_header_bytes + ipv4_header) return {};
  const auto header = load<VnetHeader>(frame.data());
  const auto kind = static_cast<std::uint8_t>(header.gso_type & ~VnetHeader::gso_ecn);
  const bool tcp = kind == VnetHeader::gso_tcp4 || kind == VnetHeader::gso_tcp6;
  if (!tcp && kind != VnetHeader::gso_udp) return {};
  if ((header.flags & VnetHeader::needs_checksum) == 0 || header.gso_size == 0) return {};
  const FrameView ip = frame.subspan(os::vnet_header_bytes);
  const auto version = static_cast<std::uint8_t>(ip[0]) >> 4;
  SuperPacket super{.transport = header.checksum_start, .segment = header.gso_size, .ipv6 = version == 6, .udp = !tcp};
  const std::size_t least = super.transport + (tcp ? tcp_header : udp_header);
  if (super.transport < (super.ipv6 ? ipv6_header : ipv4_header) || ip.size() <= least) return {};
  if (version != (kind == VnetHeader::gso_tcp4 ? 4 : kind == VnetHeader::gso_tcp6 ? 6 : version)) return {};
  if (!super.ipv6 && (version != 4 || (static_cast<std::size_t>(ip[0]) & 0x0f) * 4 != super.transport)) return {};
  if (header.checksum_offset != (tcp ? 16 : 6)) return {};
  const std::size_t options = tcp ? (static_cast<std::size_t>(ip[super.transport + 12]) >> 4) * 4 : udp_header;
  super.headers = super.transport + options;
  if (options < (tcp ? tcp_header : udp_header) || super.headers >= ip.size()) return {};
  super.payload = ip.size() - super.headers;
  return super;
}

std::size_t wire_packets(FrameView frame) {
  if (frame.size() < os::vnet_header_bytes || load<VnetHeader>(frame.data()).gso_type == 0) return 1;
  const auto super = super_packet(frame);
  return super ? super->packets() : 1;
}

std::size_t slice(FrameView frame, const SuperPacket& super, std::size_t first, std::size_t count, Frame out) {
  const std::size_t start = first * super.segment;
  const std::size_t payload = std::min(count * super.segment, super.payload - start);
  const std::size_t head = os::vnet_header_bytes + super.headers;
  std::memcpy(out.data(), frame.data(), head);
  std::memcpy(out.data() + head, frame.data() + head + start, payload);

  std::byte* ip = out.data() + os::vnet_header_bytes;
  std::byte* transport = ip + super.transport;
  write_ip_header(ip, super, first, payload);
  write_transport_header(transport, super, first, count, payload);
  const std::uint8_t protocol = super.udp ? IPPROTO_UDP : IPPROTO_TCP;
  const std::size_t length = super.headers - super.transport + payload;
  auto header = load<VnetHeader>(out.data());
  store(transport + header.checksum_offset, pseudo_header(ip, super.ipv6, protocol, length));
  header.header_length = static_cast<std::uint16_t>(super.headers);
  const Frame made = out.first(head + payload);
  if (count > 1) {
    if (first > 0) header.gso_type = static_cast<std::uint8_t>(header.gso_type & ~VnetHeader::gso_ecn);
    store(out.data(), header);
  } else {
    header.gso_type = 0;
    header.gso_size = 0;
    store(out.data(), header);
    complete_checksum(made);
  }
  return made.size();
}

void complete_checksum(Frame frame) {
  auto header = load<VnetHeader>(frame.data());
  const FrameView ip = frame.subspan(os::vnet_header_bytes);
  const std::size_t field = std::size_t{header.checksum_start} + header.checksum_offset;
  if ((header.flags & VnetHeader::needs_checksum) == 0 || field + 2 > ip.size()) return;
  std::uint16_t sum = checksum_of(sum_words(ip.subspan(header.checksum_start)));
  // In UDP zero means "no checksum" (RFC 768); its other representation is the same number.
  if (sum == 0 && header.checksum_offset == 6) sum = 0xffff;
  store(frame.data() + os::vnet_header_bytes + field, sum);
  store(frame.data(), VnetHeader{});
}

}  // namespace withstand::lab::link
