#pragma once

#include <string>
#include <string_view>
#include <vector>

/// The project's own files, for tests that judge them.
namespace withstand::tidy {

struct File {
  std::string path;  ///< from the project's root, with slashes
  std::string text;

  [[nodiscard]] bool in(std::string_view folder) const { return path.starts_with(folder); }
  [[nodiscard]] bool is_header() const { return path.ends_with(".hpp") || path.ends_with(".h"); }
  [[nodiscard]] bool is_cpp() const { return is_header() || path.ends_with(".cpp"); }
  [[nodiscard]] std::string stem() const;  ///< "kill" for faults/process/kill.cpp
};

/// Every text file that git tracks; without git (a source archive) every file outside build/ and runs/.
const std::vector<File>& tree();

/// 1 for the first line.
std::size_t line_at(std::string_view text, std::size_t position);
std::size_t count_lines(std::string_view text);

/// "path:line: what", as compilers print it.
std::string at(const File& file, std::size_t line, std::string_view what);

}  // namespace withstand::tidy
