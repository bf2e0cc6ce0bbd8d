#pragma once

#include <functional>
#include <string>

#include <sys/stat.h>

namespace withstand::lab::disk {

/// Something below a folder. `path`: from it, without a leading slash.
using Visit = std::function<void(const std::string& path, const struct stat& status)>;

/// Visits all that is below a folder (a descriptor, O_PATH will do), the folder itself as "" too; follows no links,
/// stays on its file system. What vanishes meanwhile is left out. Throws SystemError.
void walk(int folder, const Visit& visit);

}  // namespace withstand::lab::disk
