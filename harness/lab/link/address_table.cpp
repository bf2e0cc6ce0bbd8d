#include "lab/link/address_table.hpp"

#include <bit>
#include <cstring>

namespace withstand::lab::link {

AddressTable::AddressTable(const std::vector<NodeAddresses>& nodes) : slots_(std::bit_ceil(nodes.size() * 4 + 1)) {
  for (core::NodeId id = 0; id < nodes.size(); ++id) {
    insert(mapped(nodes[id].v4.data()), id);
    insert(plain(nodes[id].v6.data()), id);
  }
}

AddressTable::Key AddressTable::mapped(const std::byte* v4) {
  std::uint32_t address = 0;
  std::memcpy(&address, v4, sizeof address);
  return {.high = 0, .low = std::uint64_t{address} << 32 | 0xffff0000U};
}

AddressTable::Key AddressTable::plain(const std::byte* v6) {
  Key key;
  std::memcpy(&key.high, v6, 8);
  std::memcpy(&key.low, v6 + 8, 8);
  return key;
}

std::size_t AddressTable::place(const Key& key) const {
  const std::uint64_t hash = (key.low ^ (key.high * 31)) * 0x9e3779b97f4a7c15ULL;
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = static_cast<std::size_t>(hash >> 32) & mask;
  while (slots_[at].used && !(slots_[at].key == key)) at = (at + 1) & mask;
  return at;
}

void AddressTable::insert(const Key& key, core::NodeId node) { slots_[place(key)] = {key, node, true}; }

std::optional<core::NodeId> AddressTable::destination(FrameView frame) const {
  constexpr std::size_t ipv4_header = 20, ipv6_header = 40;
  if (slots_.empty() || frame.size() < os::vnet_header_bytes + ipv4_header) return {};
  const std::byte* ip = frame.data() + os::vnet_header_bytes;
  const auto version = static_cast<unsigned>(*ip) >> 4;
  Key key;
  if (version == 4) {
    key = mapped(ip + 16);
  } else if (version == 6 && frame.size() >= os::vnet_header_bytes + ipv6_header) {
    key = plain(ip + 24);
  } else {
    return {};
  }
  const Slot& slot = slots_[place(key)];
  if (!slot.used) return {};
  return slot.node;
}

}  // namespace withstand::lab::link
