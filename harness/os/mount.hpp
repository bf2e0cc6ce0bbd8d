#pragma once

#include <string>

/// Mounts inside a mount namespace of our own: the kernel undoes them with the namespace. Every function throws
/// SystemError naming the place.
namespace withstand::os {

/// MS_PRIVATE | MS_REC on "/": nothing mounted here is seen outside, nor the other way round.
void make_mounts_private();
/// A fresh /proc for the caller's PID namespace.
void mount_proc(const std::string& place);
/// nosuid, nodev; `mode` as in "0755", `size` as in "64m".
void mount_tmpfs(const std::string& place, const std::string& mode, const std::string& size);
/// Makes the file or folder `source` (mounts below it included) also visible at `place`, which must exist.
void bind_mount(const std::string& source, const std::string& place);

}  // namespace withstand::os
