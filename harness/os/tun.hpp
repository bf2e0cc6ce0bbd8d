#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "os/fd.hpp"

namespace withstand::os {

/// What every read from and write to our TUN devices starts with: struct virtio_net_hdr (virtio 1.1, 5.1.6) in the
/// host's byte order. Our own, since <linux/virtio_net.h> is no C++.
struct VnetHeader {
  static constexpr std::uint8_t needs_checksum = 1;  ///< in flags
  static constexpr std::uint8_t gso_tcp4 = 1, gso_tcp6 = 4, gso_udp = 5;
  static constexpr std::uint8_t gso_ecn = 0x80;  ///< beside gso_tcp4 or gso_tcp6

  std::uint8_t flags = 0;
  std::uint8_t gso_type = 0;          ///< 0: the packet is one packet
  std::uint16_t header_length = 0;    ///< a hint
  std::uint16_t gso_size = 0;         ///< payload bytes per packet on the wire
  std::uint16_t checksum_start = 0;   ///< what the checksum covers: from here, after the VnetHeader, to the end
  std::uint16_t checksum_offset = 0;  ///< where it belongs, after checksum_start
};
inline constexpr std::size_t vnet_header_bytes = sizeof(VnetHeader);
static_assert(vnet_header_bytes == 10);

/// Creates the TUN device `name` in the caller's network namespace (linux: Documentation/networking/tuntap.rst), down
/// and without addresses; the descriptor is non-blocking and close-on-exec. The device lives as long as its namespace,
/// which this descriptor keeps alive: closing it would otherwise remove the device at once and take 25 ms. Checksum
/// offload and segmentation offload are on (TSO; USO where the kernel knows it, from 6.2), so one read returns up to 64
/// KiB. Needs CAP_NET_ADMIN over the namespace. Throws SystemError naming the attempt.
Fd create_tun(const std::string& name);

/// Plugs the device's cable in or out (TUNSETCARRIER, Linux 5.0): the interface stays up and keeps its addresses and
/// routes, but has no carrier.
void set_carrier(const Fd& tun, bool present);

}  // namespace withstand::os
