#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "os/fd.hpp"

/// Small files and folders. Everything throws SystemError naming the path, unless it says otherwise.
namespace withstand::os {

/// A whole small file; nothing when it does not exist or cannot be read. At most 1 MiB.
std::optional<std::string> read_file(const std::string& path);
/// Creates or replaces a file with exactly this mode, whatever the umask.
void write_file(const std::string& path, std::string_view content, mode_t mode);
/// One write(2) into an existing file: what /proc and /sys want.
void write_existing(const std::string& path, std::string_view content);
/// Makes a folder and those above it; existing ones are left as they are. `mode` is for the last, whatever the umask.
void make_folders(const std::string& path, mode_t mode);
/// A path without "." and symbolic links; throws when it does not exist.
std::string real_path(const std::string& path);
std::string parent_folder(const std::string& path);
std::string base_name(const std::string& path);

/// Removes a folder with all that is in it. Follows no symbolic link, crosses no mount, gives itself the right to enter
/// its own folders. False when something is left (busy, being written to); `why` then says what. The entry called
/// `last` directly in it stays until all else is gone.
bool remove_tree(const std::string& path, std::string* why = nullptr, const std::string& last = "");

}  // namespace withstand::os
