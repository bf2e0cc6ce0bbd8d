#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "core/topology.hpp"
#include "lab/link/frame.hpp"

namespace withstand::lab::link {

/// A node's two addresses in network byte order.
struct NodeAddresses {
  std::array<std::byte, 4> v4{};
  std::array<std::byte, 16> v6{};
};

/// Which node a packet is for. Open addressing over a flat table at most half full, so a look-up is one hash and,
/// mostly, one comparison. Read-only once built.
class AddressTable {
 public:
  AddressTable() = default;
  /// nodes[id] are the addresses of node id.
  explicit AddressTable(const std::vector<NodeAddresses>& nodes);

  /// Nothing for multicast, broadcast, addresses outside the lab, and what is no IP packet.
  [[nodiscard]] std::optional<core::NodeId> destination(FrameView frame) const;

 private:
  /// IPv4 addresses are kept as IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2).
  struct Key {
    std::uint64_t high = 0, low = 0;
    bool operator==(const Key&) const = default;
  };
  struct Slot {
    Key key;
    core::NodeId node = 0;
    bool used = false;
  };

  static Key mapped(const std::byte* v4);
  static Key plain(const std::byte* v6);
  [[nodiscard]] std::size_t place(const Key& key) const;
  void insert(const Key& key, core::NodeId node);

  std::vector<Slot> slots_;
};

}  // namespace withstand::lab::link
