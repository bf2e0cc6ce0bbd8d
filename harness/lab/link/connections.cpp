#include "lab/link/connections.hpp"

#include <algorithm>
#include <netinet/in.h>

#include "lab/link/checksum.hpp"

namespace withstand::lab::link {
namespace {

constexpr std::uint64_t any_service = ~std::uint64_t{0};
constexpr std::uint8_t fin = 0x01, reset = 0x04;

bool opens(const PacketHeader& header) {
  return header.protocol == IPPROTO_TCP &&
         (header.tcp_flags & (PacketHeader::syn | PacketHeader::ack)) == PacketHeader::syn;
}

}  // namespace

ConnectionKey ConnectionKey::of(core::Link link, const PacketHeader& header) {
  const bool turned = link.from > link.to;
  const std::uint64_t low = turned ? link.to : link.from, high = turned ? link.from : link.to;
  const std::uint64_t low_port = turned ? header.destination_port : header.source_port,
                      high_port = turned ? header.source_port : header.destination_port;
  return {low << 32 | high, std::uint64_t{header.protocol} << 32 | low_port << 16 | high_port |
                                (header.ipv6 ? std::uint64_t{1} << 40 : 0)};
}

Connections::Entry Connections::number(const ConnectionKey& key, const PacketHeader& header) {
  const std::uint64_t service =
      opens(header) ? header.destination_port : std::min(header.source_port, header.destination_port);
  const std::uint64_t kind = std::uint64_t{header.protocol} << 32;
  const auto known = connections_.find(key);
  const bool no_room = known == connections_.end() && connections_.size() >= most;
  std::uint32_t& of_service = opened_[{key.nodes, kind | service}];
  std::uint32_t& of_pair = opened_[{key.nodes, any_service}];
  Entry made;
  made.key = core::DrawStream{kind | service}.bits(of_service);
  made.packets = {.key = made.key, .index = of_pair};
  const bool many = no_room || numbered_ >= most;
  if (many) made.packets.key = core::DrawStream{any_service}.bits(0);
  if (no_room) return made;
  ++of_service;
  if (!many) {
    ++of_pair;
    ++numbered_;
  }
  return connections_[key] = made;
}

Connections::Entry Connections::entry(core::Link link, const PacketHeader& header) {
  const auto key = ConnectionKey::of(link, header);
  const auto known = connections_.find(key);
  return known != connections_.end() ? known->second : number(key, header);
}

void Connections::see(core::Link link, const PacketHeader& header, FrameView frame) {
  const std::size_t transport = os::vnet_header_bytes + header.transport;
  if (header.protocol != IPPROTO_TCP || frame.size() < transport + 20) return;
  const auto key = ConnectionKey::of(link, header);
  const auto known = connections_.find(key);
  const bool turned = link.from > link.to;
  if (opens(header)) {
    const std::uint32_t initial = ntohl(load<std::uint32_t>(&frame[transport + 4]));
    if (known != connections_.end()) {
      const Entry& entry = known->second;
      if (entry.opened && !entry.over() && entry.initial == initial && entry.turned == turned) return;
    }
    number(key, header);
    if (const auto made = connections_.find(key); made != connections_.end()) {
      made->second.initial = initial;
      made->second.opened = true;
      made->second.turned = turned;
    }
  } else if (known != connections_.end()) {
    if ((header.tcp_flags & reset) != 0) known->second.aborted = true;
    if ((header.tcp_flags & fin) != 0) known->second.ended[turned ? 1 : 0] = true;
  }
}

bool opens_or_ends_connection(FrameView frame) {
  constexpr std::size_t ip = os::vnet_header_bytes;
  if (frame.size() < ip + 40) return false;
  const auto first = load8(&frame[ip]);
  std::size_t transport = 0;
  if (first >> 4 == 4 && load8(&frame[ip + 9]) == IPPROTO_TCP)
    transport = ip + static_cast<std::size_t>(first & 0x0f) * 4;
  else if (first >> 4 == 6 && load8(&frame[ip + 6]) == IPPROTO_TCP)
    transport = ip + 40;
  else
    return false;
  if (frame.size() < transport + 20) return false;
  const unsigned flags = load8(&frame[transport + 13]);
  return (flags & (fin | reset)) != 0 || (flags & (PacketHeader::syn | PacketHeader::ack)) == PacketHeader::syn;
}

}  // namespace withstand::lab::link
