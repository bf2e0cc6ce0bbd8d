#include "lab/disk/allocated.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <unistd.h>

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

namespace withstand::lab::disk {
namespace {

constexpr std::size_t extents_at_once = 64;

std::vector<Extent> allocated_by_seeking(int file, Extent bytes) {
  std::vector<Extent> found;
  for (std::uint64_t at = bytes.begin; at < bytes.end;) {
    const off_t data = ::lseek(file, static_cast<off_t>(at), SEEK_DATA);
    if (data < 0 || static_cast<std::uint64_t>(data) >= bytes.end) break;
    const off_t hole = ::lseek(file, data, SEEK_HOLE);
    at = hole < 0 ? bytes.end : static_cast<std::uint64_t>(hole);
    found.push_back({static_cast<std::uint64_t>(data), at});
  }
  return found;
}

}  // namespace

std::vector<Extent> allocated(int file, Extent bytes) {
  // A head with so many extents behind it, as the kernel has it.
  alignas(fiemap) std::array<std::byte, sizeof(fiemap) + extents_at_once * sizeof(fiemap_extent)> room{};
  auto& map = *reinterpret_cast<fiemap*>(room.data());
  std::vector<Extent> found;
  for (std::uint64_t at = bytes.begin; at < bytes.end;) {
    map.fm_start = at;
    map.fm_length = bytes.end - at;
    map.fm_extent_count = extents_at_once;
    if (::ioctl(file, FS_IOC_FIEMAP, &map) < 0) return allocated_by_seeking(file, bytes);
    if (map.fm_mapped_extents == 0) break;
    for (std::uint32_t i = 0; i < map.fm_mapped_extents; ++i) {
      const auto& each = map.fm_extents[i];
      found.push_back({each.fe_logical, each.fe_logical + each.fe_length});
    }
    if (found.back().end <= at) break;
    at = found.back().end;
  }
  return found;
}

std::uint64_t end_that_fits(const std::vector<Extent>& allocated, Extent bytes, std::uint64_t room,
                            std::uint64_t block) {
  auto known = allocated.begin();
  for (std::uint64_t at = bytes.begin / block * block; at < bytes.end; at += block) {
    while (known != allocated.end() && known->end <= at) ++known;
    if (known != allocated.end() && known->begin <= at) continue;
    if (room < block) return std::max(at, bytes.begin);
    room -= block;
  }
  return bytes.end;
}

}  // namespace withstand::lab::disk
