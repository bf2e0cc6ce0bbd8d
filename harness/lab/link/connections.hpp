#pragma once

#include <cstdint>
#include <unordered_map>

#include "core/topology.hpp"
#include "lab/link/packet.hpp"

namespace withstand::lab::link {

/// A connection as decisions see it.
struct Connection {
  std::uint64_t key = 0;    ///< protocol, service port and ordinal, hashed: the same in every run that opens the same
  std::uint32_t index = 0;  ///< among all connections of its pair of nodes
};

/// Which connection a packet belongs to, whichever way it goes: the node of the lower number stands first, with its
/// port.
struct ConnectionKey {
  std::uint64_t nodes = 0, ports = 0;
  bool operator==(const ConnectionKey&) const = default;
  static ConnectionKey of(core::Link link, const PacketHeader& header);
  struct Hash {
    std::size_t operator()(const ConnectionKey& key) const {
      const std::uint64_t mixed = (key.nodes ^ (key.ports * 0x9e3779b97f4a7c15ULL)) * 0xff51afd7ed558ccdULL;
      return static_cast<std::size_t>(mixed ^ (mixed >> 32));
    }
  };
};

/// Numbers the connections of each pair of nodes, per protocol and service port, in the order in which they are opened:
/// so that a decision about a packet does not depend on the client's port, which the kernel draws, nor on what else is
/// under way. The service is where a TCP connection is opened to; of other packets, the lower port. What has no ports
/// is one connection per pair and protocol.
class Connections {
 public:
  /// The connection of a packet; a new one when it was not seen before.
  Connection of(core::Link link, const PacketHeader& header);
  /// Beyond this many, further ones share one place.
  static constexpr std::size_t most = std::size_t{1} << 20;

 private:
  std::unordered_map<ConnectionKey, Connection, ConnectionKey::Hash> connections_;
  std::unordered_map<ConnectionKey, std::uint32_t, ConnectionKey::Hash>
      opened_;  ///< per pair, protocol and service; and per pair
};

/// A packet that opens a TCP connection, told as cheaply as can be.
bool opens_connection(FrameView frame);

}  // namespace withstand::lab::link
