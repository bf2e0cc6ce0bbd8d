#include "os/proc.hpp"

#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <signal.h>
#include <sstream>
#include <unistd.h>

#include "os/check.hpp"
#include "os/files.hpp"

namespace withstand::os {

namespace {

/// Whether a set of signals in /proc/PID/status, "\nSigIgn:\t", holds this one.
bool set_holds(const std::string& status, std::string_view set, int signal) {
  const auto at = status.find(set);
  if (at == std::string::npos) return false;
  return (std::strtoull(status.c_str() + at + set.size(), nullptr, 16) >> (signal - 1) & 1) != 0;
}

}  // namespace

std::optional<ProcessStat> parse_stat(const std::string& line) {
  const auto open = line.find('(');
  const auto close = line.rfind(')');
  if (open == std::string::npos || close == std::string::npos || close < open) return std::nullopt;
  ProcessStat stat;
  stat.pid = static_cast<pid_t>(std::strtol(line.c_str(), nullptr, 10));
  stat.name = line.substr(open + 1, close - open - 1);
  std::istringstream fields(line.substr(close + 1));
  std::string skip;
  std::uint64_t user = 0;
  std::uint64_t system = 0;
  fields >> stat.state >> stat.parent >> skip >> stat.session;  // fields 3 to 6
  for (int field = 7; field <= 13; ++field) fields >> skip;
  std::uint64_t children_user = 0, children_system = 0;
  fields >> user >> system >> children_user >> children_system;  // 14 to 17
  for (int field = 18; field <= 21; ++field) fields >> skip;
  fields >> stat.start_time;  // 22
  if (!fields) return std::nullopt;
  stat.cpu_ticks = user + system;
  stat.reaped_ticks = children_user + children_system;
  return stat;
}

std::optional<ProcessStat> process_stat(pid_t pid) {
  const auto line = read_file("/proc/" + std::to_string(pid) + "/stat");
  return line ? parse_stat(*line) : std::nullopt;
}

bool process_lives(pid_t pid, std::uint64_t start_time) {
  const auto stat = process_stat(pid);
  return stat && stat->start_time == start_time && !stat->dead();
}

bool ignores_signal(pid_t pid, int signal) {
  std::ifstream in("/proc/" + std::to_string(pid) + "/status");
  const std::string status{std::istreambuf_iterator<char>(in), {}};
  return set_holds(status, "\nSigIgn:\t", signal);
}

std::string boot_id() {
  auto id = read_file("/proc/sys/kernel/random/boot_id").value_or("unknown");
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

std::vector<ProcessStat> ProcFolder::processes() const {
  std::vector<ProcessStat> found;
  const int again = check("open /proc of a node", ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const std::unique_ptr<DIR, int (*)(DIR*)> list(check_pointer("list /proc of a node", ::fdopendir(again)),
                                                 &::closedir);
  while (const dirent* entry = ::readdir(list.get())) {
    const auto pid = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (pid <= 0) continue;
    if (auto known = stat(pid)) found.push_back(std::move(*known));
  }
  return found;
}

std::optional<ProcessStat> ProcFolder::stat(pid_t pid) const {
  const auto line = read(std::to_string(pid) + "/stat");
  return line.empty() ? std::nullopt : parse_stat(line);
}

bool ProcFolder::stop_is_pending(pid_t pid) const {
  const std::string status = read(std::to_string(pid) + "/status");
  return set_holds(status, "\nSigPnd:\t", SIGSTOP) || set_holds(status, "\nShdPnd:\t", SIGSTOP);  // thread's, process's
}

std::string ProcFolder::read(const std::string& name) const {
  const Fd file(::openat(fd_.get(), name.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return "";
  char buffer[4096];
  const auto got = retry([&] { return ::read(file.get(), buffer, sizeof buffer); });
  return std::string(buffer, got > 0 ? static_cast<std::size_t>(got) : 0);
}

Fd ProcFolder::open_process(pid_t pid) const {
  return Fd(::openat(fd_.get(), std::to_string(pid).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

}  // namespace withstand::os
