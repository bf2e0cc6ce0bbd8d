#pragma once

#include <cstddef>
#include <string>

/// How reports reach the disk. Each throws std::system_error naming what it attempted.
namespace withstand::report {

/// Replaces the file as one step: readers see the old content or the new one, never half of it (a temporary file beside
/// it, then rename). Makes missing parent folders. An existing file's permissions are not kept. What is no plain file
/// (a terminal, a pipe, /dev/null, a symbolic link) stays what it is and is written to.
void write_file(const std::string& path, const std::string& content);

/// Tries what write_file will need, by doing it: makes missing parent folders, and a file beside `path` that is removed
/// again. What is no plain file (a terminal, a pipe, /dev/null) is asked whether it may be written.
void try_file(const std::string& path);
/// The same for a folder that is to hold files; it is made where it is missing.
void try_folder(const std::string& path);

/// Appends, making the file where it is missing.
void append_file(const std::string& path, const std::string& content);

/// The end of a file, from the first whole line within its last `limit` bytes on; empty when it cannot be read.
std::string last_lines(const std::string& path, std::size_t limit);

}  // namespace withstand::report
