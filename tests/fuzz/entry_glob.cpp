#include <algorithm>
#include <re2/re2.h>
#include <string>

#include "core/glob.hpp"
#include "entry.hpp"
#include "promise.hpp"

namespace withstand::fuzz {
namespace {

using core::GlobKey;

RE2::Options options() {
  RE2::Options options;
  options.set_encoding(RE2::Options::EncodingLatin1);
  options.set_dot_nl(true);
  options.set_log_errors(false);
  return options;
}

std::string folder_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

/// Whether looking up by what the path is would find the pattern.
bool is_found(const GlobKey& key, const std::string& path) {
  switch (key.kind) {
    case GlobKey::Kind::path:
      return key.text == path;
    case GlobKey::Kind::folder:
      return key.text == folder_of(path);
    case GlobKey::Kind::name:
      return key.text == path.substr(path.rfind('/') + 1);  // npos + 1 is 0
    case GlobKey::Kind::unknown:
      return true;
  }
  return false;
}

}  // namespace

void glob(std::string_view input) {
  const auto line = std::min(input.find('\n'), input.size());
  const std::string_view pattern = input.substr(0, line);
  const std::string path(input.substr(std::min(line + 1, input.size())));
  std::string regex;
  try {
    regex = core::glob_to_regex(pattern);
  } catch (const core::BadGlob& bad) {
    promise(*bad.what() != '\0', "a complaint says something", input);
    bool refused = false;
    try {
      static_cast<void>(core::folders_of_glob(pattern));
    } catch (const core::BadGlob&) {
      refused = true;
    }
    return promise(refused, "what is no pattern has no folders", input);
  }
  const RE2 compiled(regex, options()), folders(core::folders_of_glob(pattern), options());
  const auto sound = [](const RE2& one) { return one.ok() || one.error_code() == RE2::ErrorPatternTooLarge; };
  promise(sound(compiled) && sound(folders), "a pattern is a regular expression", input);
  if (!compiled.ok() || !folders.ok() || !RE2::FullMatch(path, compiled)) return;
  promise(RE2::FullMatch(folder_of(path), folders), "what matches lies in one of the pattern's folders", input);
  promise(is_found(core::key_of_glob(pattern), path), "what matches is found by looking it up", input);
}

}  // namespace withstand::fuzz
