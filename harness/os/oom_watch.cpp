#include "os/oom_watch.hpp"

#include <charconv>
#include <fcntl.h>
#include <sstream>
#include <unistd.h>

#include "os/check.hpp"
#include "os/files.hpp"

namespace withstand::os {
namespace {

/// PROC_PID_INIT_INO of the kernel's proc_ns.h.
constexpr const char* first_pid_namespace = "pid:[4026531836]";

bool in_first_pid_namespace() {
  char name[64] = "";
  const auto length = ::readlink("/proc/self/ns/pid", name, sizeof name - 1);
  return length > 0 && std::string_view(name, static_cast<std::size_t>(length)) == first_pid_namespace;
}

std::uint64_t kills_of_this_machine() {
  std::istringstream in(read_file("/proc/vmstat").value_or(""));
  std::string name;
  for (std::uint64_t value = 0; in >> name >> value;)
    if (name == "oom_kill") return value;
  return 0;
}

std::string_view between(std::string_view text, std::string_view begin, std::string_view end) {
  const auto from = text.find(begin);
  if (from == text.npos) return {};
  text.remove_prefix(from + begin.size());
  return text.substr(0, text.find(end));
}

}  // namespace

std::optional<OomKill> parse_oom_kill(std::string_view line, std::string_view summary) {
  constexpr std::string_view mark = "ut of memory: Killed process ";
  const auto found = line.find(mark);
  if (found == line.npos) return std::nullopt;
  const std::string_view victim = line.substr(found + mark.size());
  OomKill kill;
  if (std::from_chars(victim.data(), victim.data() + victim.size(), kill.pid).ec != std::errc()) return std::nullopt;
  const auto name_end = victim.rfind(") total-vm");
  const auto name_begin = victim.find('(');
  if (name_begin != victim.npos && name_end != victim.npos && name_end > name_begin)
    kill.program = victim.substr(name_begin + 1, name_end - name_begin - 1);
  kill.at_limit = line.substr(0, found).find("Memory cgroup") != line.npos;
  const std::string same = ",pid=" + std::to_string(kill.pid) + ",";
  if (kill.at_limit && summary.find(same) != summary.npos)
    kill.limit_of = between(summary, "oom_memcg=", ",task_memcg=");
  return kill;
}

OomWatch::OomWatch() : before_(kills_of_this_machine()) {
  if (!in_first_pid_namespace()) return;
  log_.reset(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  if (log_.valid() && ::lseek(log_.get(), 0, SEEK_END) < 0) log_.reset();
}

void OomWatch::collect() {
  char record[8192];  // one read gives one record: "PRIORITY,NUMBER,TIME,FLAGS;TEXT\n"
  while (log_.valid()) {
    const auto got = retry([&] { return ::read(log_.get(), record, sizeof record); });
    if (got < 0 && errno == EPIPE) continue;  // some were overwritten before they were read
    if (got <= 0) return;
    std::string_view line(record, static_cast<std::size_t>(got));
    const auto text = line.find(';');
    if (text == line.npos) continue;
    line = line.substr(text + 1, line.find('\n', text) - text - 1);
    if (line.starts_with("oom-kill:")) summary_ = line;
    if (auto kill = parse_oom_kill(line, summary_)) kills_.push_back(std::move(*kill));
  }
}

std::uint64_t OomWatch::count() const {
  const auto now = kills_of_this_machine();
  return now > before_ ? now - before_ : 0;
}

}  // namespace withstand::os
