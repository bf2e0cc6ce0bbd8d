#include "core/disk_operation.hpp"

#include <algorithm>
#include <array>

namespace withstand::core {
namespace {

constexpr std::array<std::string_view, disk_operation_count> names{
    "lookup", "getattr",  "setattr",   "readlink",  "readdir",    "statfs", "open",      "create",
    "mknod",  "mkdir",    "symlink",   "link",      "unlink",     "rmdir",  "rename",    "read",
    "write",  "truncate", "fallocate", "copy",      "seek",       "fsync",  "fdatasync", "fsyncdir",
    "close",  "getxattr", "setxattr",  "listxattr", "removexattr"};

}  // namespace

std::string_view to_text(DiskOperation operation) { return names.at(static_cast<std::size_t>(operation)); }

std::optional<DiskOperation> disk_operation_named(std::string_view text) {
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return static_cast<DiskOperation>(found - names.begin());
}

std::vector<std::string_view> disk_operation_names() { return {names.begin(), names.end()}; }

}  // namespace withstand::core
