#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <linux/fuse.h>

#include "lab/disk/damage.hpp"
#include "lab/disk/operation.hpp"

namespace withstand::lab::disk {

/// What no kernel header of Debian 12 has yet (include/uapi/linux/fuse.h of Linux 6.9).
namespace wire {
inline constexpr std::uint32_t init_direct_io_allow_mmap = 1U << 4U;  ///< of flags2
inline constexpr std::uint32_t init_passthrough = 1U << 5U;           ///< of flags2
inline constexpr std::uint32_t open_passthrough = 1U << 7U;
inline constexpr std::uint32_t open_parallel_direct_writes = 1U << 6U;
inline constexpr std::uint32_t copy_file_range_64 = 53;
}  // namespace wire

/// A message of the kernel, before anything was done about it. Points into the bytes.
struct Request {
  std::span<std::byte> bytes;
  fuse_in_header* header = nullptr;
  std::optional<Operation> operation;  ///< nothing for what no program asked for: forget, release, ...
  std::string_view name;               ///< of a naming operation, in the folder header->nodeid
  std::string_view second_name;        ///< rename: the new name, in the folder `second_node`
  std::uint64_t second_node = 0;       ///< link: the inode that gets the name; copy: the file that is written
  std::uint64_t offset = 0;            ///< read, write, fallocate, seek, copy (where to); truncate: the new size
  std::uint64_t size = 0;              ///< bytes asked for; 0 where there are none
  std::uint64_t handle = 0;            ///< what it goes through, an open file or folder of ours; 0: none
  bool changing_open = false;          ///< open: for writing, or truncating
  bool written_back = false;           ///< write: by the kernel, of a mapped page; who wrote it cannot be told

  /// Read, write: asks for no more than this share of the bytes, at least one. False when it asked for less already.
  bool shorten(std::int64_t share_ppb);

  template <class T>
  [[nodiscard]] T* body() const {
    return reinterpret_cast<T*>(bytes.data() + sizeof(fuse_in_header));
  }
};

/// `bytes` is one whole message, aligned for its structs. Throws std::runtime_error when it is shorter than it says.
[[nodiscard]] Request parse_request(std::span<std::byte> bytes);

/// What becomes of a request, and by which rules.
struct Answer {
  std::uint64_t rule = 0;
  int error = 0;  ///< 0: success; either way nothing is done
};
struct Delay {
  std::uint64_t rule = 0;
  std::chrono::nanoseconds asked{};
  std::uint64_t bytes = 0;  ///< that it reads or writes, where a rule counts them
};
struct Verdict {
  std::vector<Delay> delays;           ///< first wait for all of these together, ...
  std::vector<std::uint64_t> held_by;  ///< ... and until all of these have ended, ...
  std::optional<Answer> answer;        ///< ... then answer with this; none: do what is asked, ...
  std::vector<Damage> damages;         ///< ... with these to what is read or written
  [[nodiscard]] bool waits() const { return !delays.empty() || !held_by.empty(); }
};

}  // namespace withstand::lab::disk
