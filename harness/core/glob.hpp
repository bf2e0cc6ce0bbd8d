#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

/// Patterns of paths and of commands' names. Pure; thread-safe.
namespace withstand::core {

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

/// What a path must have to be matched, where that can be looked up: so that most patterns need not be tried.
struct GlobKey {
  enum class Kind {
    path,     ///< it is this path, and that is all
    folder,   ///< it lies in this folder, not below
    name,     ///< its last name is this, and that is all
    unknown,  ///< only matching tells
  };
  Kind kind = Kind::unknown;
  std::string text;
};
/// Of a pattern that glob_to_regex() takes.
[[nodiscard]] GlobKey key_of_glob(std::string_view glob);

}  // namespace withstand::core
