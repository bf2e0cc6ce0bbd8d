#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

/// What programs ask of a file system, in the words that rules use. Pure; thread-safe.
namespace withstand::core {

enum class DiskOperation : std::uint8_t {
  lookup,
  getattr,
  setattr,  ///< mode, owner, times; a change of size is `truncate`
  readlink,
  readdir,
  statfs,
  open,  ///< a file or folder that exists
  create,
  mknod,
  mkdir,
  symlink,
  link,
  unlink,
  rmdir,
  rename,
  read,
  write,
  truncate,
  fallocate,
  copy,  ///< copy_file_range(2)
  seek,  ///< lseek(2) with SEEK_HOLE or SEEK_DATA; other seeks never reach a file system
  fsync,
  fdatasync,
  fsyncdir,
  close,  ///< close(2) of a descriptor, by the process that closes it
  getxattr,
  setxattr,
  listxattr,
  removexattr,
};
inline constexpr std::size_t disk_operation_count = static_cast<std::size_t>(DiskOperation::removexattr) + 1;

[[nodiscard]] std::string_view to_text(DiskOperation operation);
[[nodiscard]] std::optional<DiskOperation> disk_operation_named(std::string_view text);
[[nodiscard]] std::vector<std::string_view> disk_operation_names();

/// A set of operations.
class DiskOperations {
 public:
  constexpr DiskOperations() = default;
  constexpr explicit DiskOperations(std::uint32_t bits) : bits_(bits) {}
  constexpr DiskOperations(std::initializer_list<DiskOperation> members) {
    for (const DiskOperation each : members) add(each);
  }
  constexpr void add(DiskOperation operation) { bits_ |= bit(operation); }
  constexpr void add(DiskOperations others) { bits_ |= others.bits_; }
  [[nodiscard]] constexpr bool has(DiskOperation operation) const { return (bits_ & bit(operation)) != 0; }
  [[nodiscard]] constexpr bool meets(DiskOperations others) const { return (bits_ & others.bits_) != 0; }
  [[nodiscard]] constexpr bool empty() const { return bits_ == 0; }
  [[nodiscard]] constexpr std::uint32_t bits() const { return bits_; }
  static constexpr DiskOperations all() { return DiskOperations((std::uint32_t{1} << disk_operation_count) - 1); }

 private:
  static constexpr std::uint32_t bit(DiskOperation operation) {
    return std::uint32_t{1} << static_cast<std::uint32_t>(operation);
  }
  std::uint32_t bits_ = 0;
};

}  // namespace withstand::core
