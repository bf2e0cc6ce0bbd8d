#include "os/cgroup.hpp"

#include <chrono>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <signal.h>
#include <sstream>
#include <stdio.h>
#include <unistd.h>
#include <utility>

#include <sys/stat.h>

#include "os/check.hpp"
#include "os/files.hpp"
#include "os/passing_cgroup.hpp"
#include "os/process.hpp"

namespace withstand::os {
namespace {

bool event_is_set(const std::string& path, const std::string& event) {
  const auto events = read_file(path + "/cgroup.events");
  return events && events->find(event + " 1") != std::string::npos;
}

std::vector<std::string> folders_below(const std::string& path) {
  std::vector<std::string> found;
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(path.c_str()), &::closedir);
  if (!list) return found;
  while (const dirent* entry = ::readdir(list.get()))
    if (entry->d_type == DT_DIR && entry->d_name[0] != '.') found.push_back(path + "/" + entry->d_name);
  return found;
}

void collect_processes(const std::string& path, std::vector<pid_t>& found) {
  for (const auto& below : folders_below(path)) collect_processes(below, found);
  std::istringstream list(read_file(path + "/cgroup.procs").value_or(""));
  for (pid_t pid = 0; list >> pid;) found.push_back(pid);
}

std::vector<pid_t> processes_in(const std::string& path) {
  std::vector<pid_t> found;
  collect_processes(path, found);
  return found;
}

bool remove_folders(const std::string& path) {
  bool all = true;
  for (const auto& below : folders_below(path)) all = remove_folders(below) && all;
  return (::rmdir(path.c_str()) == 0 || errno == ENOENT) && all;
}

bool write_kill(const std::string& path) {
  try {
    write_existing(path + "/cgroup.kill", "1");
    return true;
  } catch (const SystemError&) {
    return false;
  }
}

}  // namespace

Cgroup::Cgroup(std::string path) : path_(std::move(path)) {
  check("make cgroup " + path_, ::mkdir(path_.c_str(), 0755));
  fd_.reset(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd_.valid()) {
    const int error = errno;
    ::rmdir(path_.c_str());
    throw SystemError("open cgroup " + path_, error);
  }
}

Cgroup::~Cgroup() {
  if (fd_.valid()) remove_cgroup(path_, 2000);
}

Cgroup::Cgroup(Cgroup&& other) noexcept : path_(std::move(other.path_)), fd_(std::move(other.fd_)) {}

void Cgroup::freeze(bool frozen) const { write_existing(path_ + "/cgroup.freeze", frozen ? "1" : "0"); }
bool Cgroup::is_frozen() const { return event_is_set(path_, "frozen"); }
bool Cgroup::is_populated() const { return event_is_set(path_, "populated"); }
bool Cgroup::kill() const { return write_kill(path_); }
std::vector<pid_t> Cgroup::processes() const { return processes_in(path_); }

std::vector<std::string> cgroup_mounts() {
  std::vector<std::string> places;
  std::istringstream mounts(read_file("/proc/self/mountinfo").value_or(""));
  for (std::string line; std::getline(mounts, line);) {
    if (line.find(" - cgroup2 ") == std::string::npos) continue;
    std::istringstream fields(line);  // id, parent, device, root, mount point: proc_pid_mountinfo(5)
    std::string skip, place;
    fields >> skip >> skip >> skip >> skip >> place;
    places.push_back(std::move(place));
  }
  return places;
}

std::optional<std::string> cgroup_mount() {
  auto places = cgroup_mounts();
  if (places.empty()) return std::nullopt;
  return std::move(places.front());
}

bool cgroup_is_empty(const std::string& path) { return !event_is_set(path, "populated") && processes_in(path).empty(); }

std::optional<std::string> own_cgroup() {
  const auto mount = cgroup_mount();
  if (!mount) return std::nullopt;
  std::istringstream list(read_file("/proc/self/cgroup").value_or(""));
  for (std::string line; std::getline(list, line);) {
    if (line.rfind("0::/", 0) != 0) continue;
    const std::string below = line.substr(3);
    return below == "/" ? *mount : *mount + below;
  }
  return std::nullopt;
}

namespace {

void try_birth(const Cgroup& cgroup) {
  clone_process("start a process in a cgroup", {0, cgroup.get()}, [] { return 0; }).pidfd.reap();
}

}  // namespace

std::unique_ptr<Cgroup> try_cgroup(const std::string& path, std::string* why) {
  try {
    auto cgroup = std::make_unique<Cgroup>(path);
    try_birth(*cgroup);
    return cgroup;
  } catch (const SystemError& error) {
    if (why != nullptr) *why = error.what();
    return nullptr;
  }
}

std::optional<std::string> cgroup_place(std::string* why) {
  auto place = own_cgroup();
  if (!place && why != nullptr) *why = "cgroup v2 is not mounted";
  try {
    if (place) try_birth(make_passing_cgroup(*place, trial_cgroup_prefix, Members::killed));
  } catch (const SystemError& error) {
    if (why != nullptr) *why = error.what();
    place.reset();
  }
  return place;
}

void enter_cgroup(const std::string& path) { write_existing(path + "/cgroup.procs", "0"); }

bool remove_cgroup(const std::string& path, int patience_ms) {
  using clock = std::chrono::steady_clock;
  const auto deadline = clock::now() + std::chrono::milliseconds(patience_ms);
  for (;;) {
    if (!write_kill(path))
      for (const pid_t pid : processes_in(path)) ::kill(pid, SIGKILL);
    if (remove_folders(path)) return true;
    if (clock::now() >= deadline) return false;
    ::usleep(1000);
  }
}

}  // namespace withstand::os
