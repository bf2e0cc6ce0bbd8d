#pragma once

#include <string>

#include "os/fd.hpp"

namespace withstand::lab::disk {

/// Opens /dev/fuse and mounts it at `place`, in the caller's mount namespace: for every user, permissions checked by
/// the kernel, no devices, no set-uid programs. Whoever serves it sees callers by the numbers of the caller's own PID
/// namespace. Throws SystemError naming the place.
[[nodiscard]] os::Fd mount_fuse(const std::string& place);

/// Lets this process have as many descriptors as it may: every inode that the kernel knows costs one.
void raise_descriptor_limit();

}  // namespace withstand::lab::disk
