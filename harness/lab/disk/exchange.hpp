#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <linux/fuse.h>

#include "lab/disk/damage.hpp"

namespace withstand::lab::disk {

/// The request that a thread is carrying out. libfuse 3.14 knows neither devices of one's own per thread nor what the
/// kernel has learned since; both are added where its messages pass (session.cpp).
struct Exchange {
  int device = -1;                  ///< where the request was read, and its reply goes
  std::span<std::byte> bytes;       ///< the request
  std::int32_t backing_id = 0;      ///< for the reply to an open: data passes through; 0: it does not
  std::uint32_t open_flags = 0;     ///< further FOPEN_* flags of that reply
  std::span<const Damage> damages;  ///< to what is read
  std::vector<bool> hits;           ///< which of them concerned bytes that were read
  std::uint64_t refused_by = 0;     ///< a limit of space, that let less be done than was asked for
  int refused_with = 0;             ///< errno, or 0: it was cut
  std::optional<int> taken;         ///< errno of the reply, or 0, once the kernel has taken it

  [[nodiscard]] const fuse_in_header& header() const { return *reinterpret_cast<const fuse_in_header*>(bytes.data()); }
  template <class T>
  [[nodiscard]] const T& body() const {
    return *reinterpret_cast<const T*>(bytes.data() + sizeof(fuse_in_header));
  }
};

/// This thread's.
Exchange& exchange();

}  // namespace withstand::lab::disk
