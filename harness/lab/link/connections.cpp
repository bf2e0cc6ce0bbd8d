#include "lab/link/connections.hpp"

#include <algorithm>
#include <netinet/in.h>

#include "lab/link/checksum.hpp"

namespace withstand::lab::link {
namespace {

constexpr std::uint64_t any_service = ~std::uint64_t{0};

}  // namespace

ConnectionKey ConnectionKey::of(core::Link link, const PacketHeader& header) {
  const bool turned = link.from > link.to;
  const std::uint64_t low = turned ? link.to : link.from, high = turned ? link.from : link.to;
  const std::uint64_t low_port = turned ? header.destination_port : header.source_port,
                      high_port = turned ? header.source_port : header.destination_port;
  return {low << 32 | high, std::uint64_t{header.protocol} << 32 | low_port << 16 | high_port |
                                (header.ipv6 ? std::uint64_t{1} << 40 : 0)};
}

Connection Connections::of(core::Link link, const PacketHeader& header) {
  const auto key = ConnectionKey::of(link, header);
  if (const auto known = connections_.find(key); known != connections_.end()) return known->second;

  const bool opens = header.protocol == IPPROTO_TCP &&
                     (header.tcp_flags & (PacketHeader::syn | PacketHeader::ack)) == PacketHeader::syn;
  const std::uint64_t service = opens ? header.destination_port : std::min(header.source_port, header.destination_port);
  const std::uint64_t kind = std::uint64_t{header.protocol} << 32;
  const bool full = connections_.size() >= most;
  std::uint32_t& of_service = opened_[{key.nodes, kind | service}];
  std::uint32_t& of_pair = opened_[{key.nodes, any_service}];
  const Connection made{.key = core::DrawStream{kind | service}.bits(of_service), .index = of_pair};
  if (full) return made;
  ++of_service;
  ++of_pair;
  connections_.emplace(key, made);
  return made;
}

bool opens_connection(FrameView frame) {
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
  constexpr unsigned opening = PacketHeader::syn, mask = PacketHeader::syn | PacketHeader::ack;
  return frame.size() >= transport + 20 && (load8(&frame[transport + 13]) & mask) == opening;
}

}  // namespace withstand::lab::link
