#include "os/users.hpp"

#include <algorithm>
#include <grp.h>
#include <pwd.h>
#include <sstream>
#include <unistd.h>

#include <sys/stat.h>

#include "os/check.hpp"
#include "os/files.hpp"

namespace withstand::os {
namespace {

struct Range {
  std::uint64_t first, count;
};

std::vector<Range> mapped_uids() {
  std::vector<Range> ranges;
  std::istringstream map(read_file("/proc/self/uid_map").value_or("0 0 4294967295"));
  std::uint64_t inside = 0, outside = 0, count = 0;
  while (map >> inside >> outside >> count) ranges.push_back({inside, count});
  return ranges;
}

bool groups_are_denied() {
  const auto setting = read_file("/proc/self/setgroups");
  return setting && setting->rfind("deny", 0) == 0;
}

bool allows(const struct stat& info, const Credentials& who, mode_t wanted) {
  if (who.uid == 0 && !who.bound) return true;
  if (info.st_uid == who.uid) return (info.st_mode >> 6 & wanted) == wanted;
  const bool member = info.st_gid == who.gid || std::count(who.groups.begin(), who.groups.end(), info.st_gid) > 0;
  return ((member ? info.st_mode >> 3 : info.st_mode) & wanted) == wanted;
}

}  // namespace

Credentials user_by_name(const std::string& name) {
  errno = 0;
  const passwd* user = ::getpwnam(name.c_str());
  if (user == nullptr) throw SystemError("find user " + name, errno == 0 ? ENOENT : errno);
  Credentials who{user->pw_uid, user->pw_gid, std::vector<gid_t>(64)};
  int count = static_cast<int>(who.groups.size());
  if (::getgrouplist(name.c_str(), who.gid, who.groups.data(), &count) < 0) {
    who.groups.resize(static_cast<std::size_t>(count));
    check("list groups of " + name, ::getgrouplist(name.c_str(), who.gid, who.groups.data(), &count));
  }
  who.groups.resize(static_cast<std::size_t>(count));
  return who;
}

Credentials own_credentials() {
  Credentials who{::geteuid(), ::getegid(), {}};
  who.groups.resize(static_cast<std::size_t>(check("count groups", ::getgroups(0, nullptr))));
  check("list groups", ::getgroups(static_cast<int>(who.groups.size()), who.groups.data()));
  return who;
}

std::vector<uid_t> free_uids(std::size_t count) {
  constexpr std::uint64_t preferred = 1'900'000'000;
  std::vector<uid_t> found;
  const auto take = [&](std::uint64_t uid) {
    if (::getpwuid(static_cast<uid_t>(uid)) == nullptr) found.push_back(static_cast<uid_t>(uid));
  };
  const auto ranges = mapped_uids();
  for (const auto& range : ranges) {
    if (range.first > preferred || range.first + range.count < preferred + 2 * count) continue;
    for (std::uint64_t uid = preferred; found.size() < count && uid < range.first + range.count; ++uid) take(uid);
    return found;
  }
  if (ranges.empty()) return found;
  const auto highest =
      *std::max_element(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
  const std::uint64_t floor = std::max<std::uint64_t>(highest.first, 1000);
  for (std::uint64_t uid = highest.first + highest.count; uid-- > floor && found.size() < count;)
    if (uid != 65534) take(uid);  // nobody
  if (found.size() < count) found.clear();
  return found;
}

void become(const Credentials& who) {
  if (!groups_are_denied()) check("set groups", ::setgroups(who.groups.size(), who.groups.data()));
  check("set gid", ::setresgid(who.gid, who.gid, who.gid));
  check("set uid", ::setresuid(who.uid, who.uid, who.uid));
}

bool may_enter(const std::string& folder, const Credentials& who) {
  struct stat info {};
  return ::stat(folder.c_str(), &info) == 0 && allows(info, who, S_IROTH | S_IXOTH);
}

bool may_reach(const std::string& path, const Credentials& who) {
  struct stat info {};
  if (::stat(path.c_str(), &info) < 0) return false;
  if (!allows(info, who, S_ISDIR(info.st_mode) ? S_IROTH | S_IXOTH : S_IXOTH)) return false;
  for (std::string folder = parent_folder(real_path(path));; folder = parent_folder(folder)) {
    if (::stat(folder.c_str(), &info) < 0 || !allows(info, who, S_IXOTH)) return false;
    if (folder == "/") return true;
  }
}

}  // namespace withstand::os
