#include "lab/programs.hpp"

#include <algorithm>
#include <glob.h>
#include <sstream>
#include <stdlib.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "lab/spawn.hpp"
#include "os/files.hpp"

namespace withstand::lab {
namespace {

constexpr const char* default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

bool is_program(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

std::vector<std::string> split(const std::string& path) {
  std::vector<std::string> parts;
  std::istringstream list(path);
  for (std::string part; std::getline(list, part, ':');)
    if (!part.empty() && part[0] == '/') parts.push_back(part);
  return parts;
}

/// Where Debian keeps servers that are not on everybody's PATH; newest version first.
std::vector<std::string> server_folders() {
  std::vector<std::string> found;
  glob_t matches{};
  if (::glob("/usr/lib/postgresql/*/bin", 0, nullptr, &matches) == 0)
    found.assign(matches.gl_pathv, matches.gl_pathv + matches.gl_pathc);
  ::globfree(&matches);
  std::reverse(found.begin(), found.end());
  return found;
}

bool is_below(const std::string& path, const std::string& folder) {
  return path == folder || path.rfind(folder == "/" ? folder : folder + "/", 0) == 0;
}

std::string real_or_same(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? os::real_path(path) : path;
}

}  // namespace

Programs::Programs(std::string target_folder, std::string target_name)
    : target_(real_or_same(target_folder.empty() ? "." : target_folder)),
      build_(os::parent_folder(os::real_path(own_program()))) {
  const char* path = ::getenv("PATH");
  auto search = split(path != nullptr && *path != '\0' ? path : default_path);
  for (const auto& folder : split(default_path))
    if (std::find(search.begin(), search.end(), folder) == search.end()) search.push_back(folder);
  for (const auto& folder : server_folders()) search.push_back(folder);
  search_path_ = fmt::format("{}", fmt::join(search, ":"));
  folders_ = {build_, build_ + "/targets/" + target_name, target_};
  folders_.insert(folders_.end(), search.begin(), search.end());
}

std::string Programs::find(const std::string& program) const {
  if (program.empty()) return "";
  if (program[0] == '/') return is_program(program) ? program : "";
  if (program.find('/') != std::string::npos) {
    for (const std::string& path : {target_ + "/" + program, program})
      if (is_program(path)) return os::real_path(path);
    return "";
  }
  for (const auto& folder : folders_)
    if (is_program(folder + "/" + program)) return folder + "/" + program;
  return "";
}

std::string Programs::find_from(const std::string& folder, const std::string& program) const {
  if (program.empty() || program[0] == '/' || program.find('/') == std::string::npos) return find(program);
  const std::string path = folder + "/" + program;
  return is_program(path) ? os::real_path(path) : "";
}

bool Views::sees(const std::string& path) const {
  const std::string real = os::real_path(path);
  const bool hidden = std::any_of(covered_.begin(), covered_.end(),
                                  [&](const auto& folder) { return is_below(real, folder) || is_below(path, folder); });
  return !hidden && os::may_reach(path, who_);
}

std::string Views::folder(const std::string& path, const std::string& name) {
  if (sees(path)) return path;
  for (const auto& view : views_)
    if (view.source == path) return fmt::format("{}/{}", inside::root, view.name);
  const auto same =
      std::count_if(views_.begin(), views_.end(), [&](const auto& view) { return view.name.rfind(name, 0) == 0; });
  views_.push_back({path, same == 0 ? name : fmt::format("{}-{}", name, same + 1), !os::may_enter(path, who_)});
  return fmt::format("{}/{}", inside::root, views_.back().name);
}

std::string Views::program(const std::string& path) const {
  if (sees(path)) return path;
  const std::string real = os::real_path(path);
  for (const auto& view : views_)
    if (is_below(real, view.source))
      return fmt::format("{}/{}{}", inside::root, view.name, real.substr(view.source.size()));
  return path;
}

std::string Views::show_program(const std::string& path) {
  if (!sees(path) && program(path) == path) folder(os::parent_folder(os::real_path(path)), "program");
  return program(path);
}

std::string Views::on_host(const std::string& path) const {
  for (const auto& view : views_) {
    const std::string place = fmt::format("{}/{}", inside::root, view.name);
    if (is_below(path, place)) return view.source + path.substr(place.size());
  }
  return path;
}

}  // namespace withstand::lab
