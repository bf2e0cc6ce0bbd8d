#include "tidy/tree.hpp"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include <fmt/format.h>

namespace withstand::tidy {

namespace {

namespace fs = std::filesystem;

std::vector<std::string> tracked() {
  std::vector<std::string> paths;
  const auto command = fmt::format("git -c safe.directory='*' -C '{}' ls-files -z 2>/dev/null", WITHSTAND_SOURCE_DIR);
  const std::unique_ptr<FILE, int (*)(FILE*)> list(::popen(command.c_str(), "r"), &::pclose);
  std::string path;
  for (int c = 0; list && (c = std::fgetc(list.get())) != EOF;) {
    if (c != 0) {
      path.push_back(static_cast<char>(c));
    } else {
      paths.push_back(std::exchange(path, {}));
    }
  }
  return paths;
}

std::vector<std::string> found() {
  std::vector<std::string> paths;
  const fs::path root(WITHSTAND_SOURCE_DIR);
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::recursive_directory_iterator(); ++entry) {
    const auto path = entry->path().lexically_relative(root).generic_string();
    if (entry->is_directory() && (path == "build" || path == "runs" || path.starts_with('.'))) {
      entry.disable_recursion_pending();
    } else if (entry->is_regular_file()) {
      paths.push_back(path);
    }
  }
  return paths;
}

}  // namespace

std::string File::stem() const { return fs::path(path).stem().string(); }

const std::vector<File>& tree() {
  static const std::vector<File> files = [] {
    auto paths = tracked();
    if (paths.empty()) paths = found();
    std::sort(paths.begin(), paths.end());
    std::vector<File> read;
    for (const auto& path : paths) {
      std::ifstream in(fs::path(WITHSTAND_SOURCE_DIR) / path, std::ios::binary);
      std::string text(std::istreambuf_iterator<char>(in), {});
      if (in.is_open() && text.find('\0') == std::string::npos) read.push_back({path, std::move(text)});
    }
    return read;
  }();
  return files;
}

std::size_t line_at(std::string_view text, std::size_t position) {
  return 1 +
         static_cast<std::size_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
}

std::size_t count_lines(std::string_view text) {
  const auto ended = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
  return ended + (text.empty() || text.back() == '\n' ? 0 : 1);
}

std::string at(const File& file, std::size_t line, std::string_view what) {
  return fmt::format("{}:{}: {}", file.path, line, what);
}

}  // namespace withstand::tidy
