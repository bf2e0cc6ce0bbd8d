#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

namespace withstand::lab::disk {

/// A path pattern that cannot be read: what() says what is wrong and where.
class BadGlob : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// A regular expression (RE2) that matches exactly the paths that `glob` does, as core::DiskRule::path describes it.
/// Throws BadGlob.
[[nodiscard]] std::string glob_to_regex(std::string_view glob);
/// The same for a name without folders: a command's.
[[nodiscard]] std::string name_glob_to_regex(std::string_view glob);
/// One that matches at least every folder in which there can be a path that `glob` matches; the root is "".
[[nodiscard]] std::string folders_of_glob(std::string_view glob);

}  // namespace withstand::lab::disk
