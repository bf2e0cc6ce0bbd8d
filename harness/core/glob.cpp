#include "core/glob.hpp"

#include <fmt/format.h>

namespace withstand::core {
namespace {

constexpr std::size_t longest = 4096;
constexpr std::string_view special = R"(\.+*?()|[]{}^$)";

class Translation {
 public:
  explicit Translation(std::string_view glob) : glob_(glob) {
    if (glob.size() > longest) throw BadGlob(fmt::format("is longer than {} bytes", longest));
  }

  std::string run() {
    while (at_ < glob_.size()) step();
    if (braces_ > 0) fail("\"{\" has no \"}\"", glob_.size());
    return std::move(regex_);
  }

 private:
  void step() {
    const char c = glob_[at_];
    if (c == '*') return stars();
    ++at_;
    if (c == '?') {
      regex_ += "[^/]";
    } else if (c == '[') {
      one_of();
    } else if (c == '{') {
      if (++braces_ > 1) fail("\"{\" inside \"{\"", at_ - 1);
      regex_ += "(?:";
    } else if (c == '}' && braces_ > 0) {
      --braces_;
      regex_ += ")";
    } else if (c == ',' && braces_ > 0) {
      regex_ += "|";
    } else if (c == '\\') {
      if (at_ == glob_.size()) fail("nothing follows \"\\\"", at_ - 1);
      literal(glob_[at_++]);
    } else {
      literal(c);
    }
  }

  /// "**" is any folders where it stands alone between slashes, else any bytes.
  void stars() {
    const std::size_t begin = at_;
    while (at_ < glob_.size() && glob_[at_] == '*') ++at_;
    if (at_ - begin == 1) {
      regex_ += "[^/]*";
      return;
    }
    const bool starts = begin == 0 || glob_[begin - 1] == '/';
    if (starts && at_ < glob_.size() && glob_[at_] == '/') {
      ++at_;
      regex_ += "(?:.*/)?";
    } else {
      regex_ += ".*";
    }
  }

  void one_of() {
    const std::size_t begin = at_ - 1;
    const bool negated = at_ < glob_.size() && (glob_[at_] == '!' || glob_[at_] == '^');
    if (negated) ++at_;
    std::string members;
    for (bool first = true; at_ < glob_.size() && (first || glob_[at_] != ']'); first = false) {
      const char c = glob_[at_++];
      if (c == '-' && !first && at_ < glob_.size() && glob_[at_] != ']') {
        if (static_cast<unsigned char>(glob_[at_]) < static_cast<unsigned char>(glob_[at_ - 2]))
          fail("a range that ends before it begins", at_ - 2);
        members += '-';
        continue;
      }
      if (c == '\\' || c == ']' || c == '[' || c == '^' || c == '-') members += '\\';
      members += c;
    }
    if (at_ >= glob_.size()) fail("\"[\" has no \"]\"", begin);
    ++at_;
    regex_ += negated ? "[^/" + members + "]" : "[" + members + "]";
  }

  void literal(char c) {
    if (c == '\0') fail("a zero byte", at_);
    if (special.find(c) != std::string_view::npos) regex_ += '\\';
    regex_ += c;
  }

  [[noreturn]] void fail(const std::string& what, std::size_t where) const {
    throw BadGlob(fmt::format("{} (at byte {} of \"{}\")", what, where + 1, glob_));
  }

  std::string_view glob_;
  std::size_t at_ = 0;
  int braces_ = 0;
  std::string regex_;
};

std::string_view without_first_slash(std::string_view glob) {
  while (glob.starts_with('/')) glob.remove_prefix(1);
  return glob;
}

}  // namespace

std::string name_glob_to_regex(std::string_view glob) { return Translation(glob).run(); }

std::string glob_to_regex(std::string_view glob) {
  if (glob.empty()) return ".*";
  const bool anywhere = glob.find('/') == std::string_view::npos;
  return (anywhere ? "(?:.*/)?" : "") + Translation(without_first_slash(glob)).run();
}

std::string folders_of_glob(std::string_view glob) {
  static_cast<void>(glob_to_regex(glob));  // throws what is wrong with it
  const std::string_view path = without_first_slash(glob);
  const auto slash = path.rfind('/');
  const auto brace = path.find('{');
  const bool rooted = glob.starts_with('/');
  if (slash == std::string_view::npos) return rooted && path.find("**") == std::string_view::npos ? "" : ".*";
  // Braces and classes may hold the slash, and one may be escaped; what ends in any folders may be in any of them.
  if (brace != std::string_view::npos || path.find_first_of("[\\") != std::string_view::npos) return ".*";
  std::string_view folder = path.substr(0, slash);
  bool deep = path.substr(slash + 1).find("**") != std::string_view::npos;
  for (; folder.ends_with("/**"); folder.remove_suffix(3)) deep = true;
  if (folder == "**") return ".*";
  return Translation(folder).run() + (deep ? "(?:/.*)?" : "");
}

GlobKey key_of_glob(std::string_view glob) {
  const auto is_literal = [](std::string_view text) { return text.find_first_of("*?[{\\") == std::string_view::npos; };
  const bool rooted = glob.starts_with('/');
  const std::string_view path = without_first_slash(glob);
  // An escape, or what may hold a slash without showing it: classes and braces.
  if (path.empty() || path.find_first_of("[{\\") != std::string_view::npos) return {};
  const auto slash = path.rfind('/');
  const std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  const std::string_view folder = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
  const bool anywhere = (slash == std::string_view::npos && !rooted) || folder == "**";
  if (anywhere) return is_literal(name) ? GlobKey{GlobKey::Kind::name, std::string(name)} : GlobKey{};
  if (!is_literal(folder) || name.find("**") != std::string_view::npos) return {};
  if (is_literal(name)) return {GlobKey::Kind::path, std::string(path)};
  return {GlobKey::Kind::folder, std::string(folder)};
}

}  // namespace withstand::core
