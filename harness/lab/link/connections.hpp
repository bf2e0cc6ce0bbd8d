#pragma once

#include <array>
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
/// is one connection per pair and protocol. Ports come back: an opening with another initial sequence number, or behind
/// an end, is another connection; one that is sent again is not.
class Connections {
 public:
  /// What a packet says of where connections begin and end: wanted of every one for which `opens_or_ends_connection`
  /// holds, impaired or not.
  void see(core::Link link, const PacketHeader& header, FrameView frame);
  /// The connection of a packet; a new one when it was not seen before.
  Connection of(core::Link link, const PacketHeader& header) { return entry(link, header).packets; }
  /// Its key among all, for what is decided once for a connection: never shared by connections whose ports come back.
  std::uint64_t key_of(core::Link link, const PacketHeader& header) { return entry(link, header).key; }
  /// Beyond this many, the packets of further ones are decided as if they were one connection of their pair, since
  /// whoever draws for them remembers each; beyond as many pairs of ports, further ones are one altogether.
  static constexpr std::size_t most = std::size_t{1} << 20;

 private:
  struct Entry {
    Connection packets;
    std::uint64_t key = 0;
    std::uint32_t initial = 0;  ///< sequence number of its opening
    bool opened = false;        ///< its opening was seen
    bool turned = false;        ///< it was opened by the node of the higher number
    bool aborted = false;
    std::array<bool, 2> ended{};  ///< by the node of the lower, the higher number

    [[nodiscard]] bool over() const { return aborted || (ended[0] && ended[1]); }
  };
  Entry entry(core::Link link, const PacketHeader& header);
  Entry number(const ConnectionKey& key, const PacketHeader& header);

  std::unordered_map<ConnectionKey, Entry, ConnectionKey::Hash> connections_;
  std::unordered_map<ConnectionKey, std::uint32_t, ConnectionKey::Hash>
      opened_;  ///< per pair, protocol and service; and per pair
  std::size_t numbered_ = 0;
};

/// A packet that opens a TCP connection, or ends one or a direction of it; told as cheaply as can be.
bool opens_or_ends_connection(FrameView frame);

}  // namespace withstand::lab::link
