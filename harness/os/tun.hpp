#pragma once

#include <cstddef>
#include <string>

#include "os/fd.hpp"

namespace withstand::os {

/// Every read from and write to our TUN devices starts with a struct virtio_net_hdr of this many bytes.
inline constexpr std::size_t vnet_header_bytes = 10;

/// Creates the TUN device `name` in the caller's network namespace (linux: Documentation/networking/tuntap.rst), down
/// and without addresses; it lives as long as the descriptor (non-blocking, close-on-exec). Checksum offload and
/// segmentation offload are on (TSO; USO where the kernel knows it, from 6.2), so one read returns up to 64 KiB.
/// Needs CAP_NET_ADMIN over the namespace. Throws SystemError naming the attempt.
Fd create_tun(const std::string& name);

}  // namespace withstand::os
