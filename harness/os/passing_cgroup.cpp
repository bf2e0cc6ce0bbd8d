#include "os/passing_cgroup.hpp"

#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <iterator>
#include <memory>
#include <unistd.h>

#include <sys/file.h>
#include <sys/stat.h>

#include "os/check.hpp"

namespace withstand::os {
namespace {

constexpr int most_tries = 8;
constexpr int kill_patience_ms = 1000;

/// Whether it still is what stands at its path: a sweeper may have come between making and locking it.
bool stands(const Cgroup& cgroup) {
  struct stat there {};
  struct stat ours {};
  return ::stat(cgroup.path().c_str(), &there) == 0 && ::fstat(cgroup.get(), &ours) == 0 &&
         there.st_dev == ours.st_dev && there.st_ino == ours.st_ino;
}

/// Its folder, locked; invalid when somebody holds it, or it is gone.
Fd take_if_nobodys(const std::string& path) {
  Fd folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.valid() && ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0) folder.reset();
  return folder;
}

std::vector<std::string> all_called(const std::string& folder, const std::string& prefix) {
  std::vector<std::string> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(folder.c_str()), &::closedir);
  while (const dirent* entry = list ? ::readdir(list.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (entry->d_type == DT_DIR && name != "." && name != ".." && name.starts_with(prefix))
      found.push_back(folder + "/" + name);
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace

Cgroup make_passing_cgroup(const std::string& folder, const std::string& prefix, Members members) {
  sweep_cgroups(folder, prefix, members);
  const std::string path = folder + "/" + prefix + std::to_string(::getpid());
  for (int number = 1;; ++number) {
    try {
      // Another PID namespace may have a process of the same number.
      Cgroup made(number == 1 ? path : path + "." + std::to_string(number));
      check("lock cgroup " + made.path(), retry([&] { return ::flock(made.get(), LOCK_EX); }));
      if (stands(made)) return made;
    } catch (const SystemError& error) {
      const int code = error.code().value();
      if ((code != EEXIST && code != ENOENT) || number == most_tries) throw;
    }
  }
}

std::vector<std::string> abandoned_cgroups(const std::string& folder, const std::string& prefix, Members members) {
  std::vector<std::string> found;
  for (const auto& path : all_called(folder, prefix))
    if (take_if_nobodys(path).valid() && (members == Members::killed || cgroup_is_empty(path))) found.push_back(path);
  return found;
}

void sweep_cgroups(const std::string& folder, const std::string& prefix, Members members) noexcept {
  try {
    for (const auto& path : all_called(folder, prefix)) {
      const Fd ours = take_if_nobodys(path);
      if (!ours.valid()) continue;
      if (members == Members::killed)
        remove_cgroup(path, kill_patience_ms);
      else
        ::rmdir(path.c_str());
    }
  } catch (const std::exception&) {  // out of memory: the next one sweeps
  }
}

std::vector<std::string> cgroups_from(const std::string& folder) {
  std::vector<std::string> found{folder};
  for (std::size_t next = 0; next < found.size(); ++next) {
    auto below = all_called(found[next], "");
    found.insert(found.end(), std::make_move_iterator(below.begin()), std::make_move_iterator(below.end()));
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace withstand::os
