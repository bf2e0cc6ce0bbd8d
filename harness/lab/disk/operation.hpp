#pragma once

#include "core/disk_operation.hpp"

namespace withstand::lab::disk {

using Operation = core::DiskOperation;
using Operations = core::DiskOperations;

/// Those that the kernel answers from its own caches when it may: a rule on one of them is seen only where nothing is
/// cached.
inline constexpr Operations cached_operations{Operation::lookup, Operation::getattr, Operation::readlink,
                                              Operation::getxattr};
/// Those that name a place in a folder (parent and name), not an inode that is open or known.
inline constexpr Operations naming_operations{Operation::lookup, Operation::create,  Operation::mknod,
                                              Operation::mkdir,  Operation::symlink, Operation::link,
                                              Operation::unlink, Operation::rmdir,   Operation::rename};

}  // namespace withstand::lab::disk
