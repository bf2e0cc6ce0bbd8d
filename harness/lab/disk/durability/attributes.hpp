#pragma once

#include <map>
#include <optional>
#include <string>

#include <sys/stat.h>

/// Attributes as texts, so that any of them can be kept and put back.
namespace withstand::lab::disk {

/// /proc/self/fd/N: for calls that take no descriptor opened O_PATH.
[[nodiscard]] std::string magic_link(int path);

/// "mode", "owner" and "times" of a file.
[[nodiscard]] std::map<std::string, std::string> plain_attributes(const struct stat& status);
/// Nothing when the file (O_PATH) has none of this name, or can have none.
[[nodiscard]] std::optional<std::string> extended_attribute(int path, const char* name);
/// Puts one back: "mode", "owner", "times", or "x:NAME" of an extended one, which is removed when there is no value.
/// Throws SystemError.
void put_attribute(int path, const std::string& attribute, const std::optional<std::string>& value);
/// All that a file has, onto another one. Throws SystemError.
void copy_attributes(int from, int to);

}  // namespace withstand::lab::disk
