#include "core/disk_operation.hpp"

#include <algorithm>
#include <array>

namespace withstand::core {
namespace {

constexpr std::array<std::string_view, disk_operation_count> operation_names{
    "lookup", "getattr",  "setattr",   "readlink",  "readdir",    "statfs", "open",      "create",
    "mknod",  "mkdir",    "symlink",   "link",      "unlink",     "rmdir",  "rename",    "read",
    "write",  "truncate", "fallocate", "copy",      "seek",       "fsync",  "fdatasync", "fsyncdir",
    "close",  "getxattr", "setxattr",  "listxattr", "removexattr"};

}  // namespace

std::string_view to_text(DiskOperation operation) { return operation_names.at(static_cast<std::size_t>(operation)); }

std::optional<DiskOperation> disk_operation_named(std::string_view text) {
  const auto found = std::find(operation_names.begin(), operation_names.end(), text);
  if (found == operation_names.end()) return std::nullopt;
  return static_cast<DiskOperation>(found - operation_names.begin());
}

std::vector<std::string_view> disk_operation_names() { return {operation_names.begin(), operation_names.end()}; }

}  // namespace withstand::core
