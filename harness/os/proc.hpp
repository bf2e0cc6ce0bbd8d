#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "os/fd.hpp"

/// What /proc says about processes (proc(5)). Everything here is a snapshot: by the time it is read it may be untrue.
namespace withstand::os {

struct ProcessStat {
  pid_t pid = 0;
  std::string name;
  char state = '?';                ///< R S D T t Z X
  pid_t parent = 0;                ///< 0: outside the PID namespace
  pid_t session = 0;               ///< 0: outside the PID namespace
  std::uint64_t cpu_ticks = 0;     ///< utime + stime, in clock ticks
  std::uint64_t reaped_ticks = 0;  ///< the same of children that have ended and were waited for, and theirs
  std::uint64_t start_time = 0;    ///< ticks since boot; with the pid it names a process for ever (of one boot)
  [[nodiscard]] bool dead() const { return state == 'Z' || state == 'X'; }
};

/// From a line of /proc/PID/stat; nothing when it is none. The name may hold spaces and brackets.
std::optional<ProcessStat> parse_stat(const std::string& line);

/// Of a process in the caller's /proc; nothing when there is none.
std::optional<ProcessStat> process_stat(pid_t pid);

/// True when the process with this number and start time still runs (a zombie does not).
bool process_lives(pid_t pid, std::uint64_t start_time);

/// Whether the process lets this signal pass without any effect (SIG_IGN); false when it is gone.
bool ignores_signal(pid_t pid, int signal);

/// This boot's id (/proc/sys/kernel/random/boot_id).
std::string boot_id();

/// Any /proc, its PID namespace's view: a folder descriptor to it may come from inside that namespace.
class ProcFolder {
 public:
  ProcFolder() = default;
  explicit ProcFolder(Fd fd) : fd_(std::move(fd)) {}
  [[nodiscard]] bool valid() const { return fd_.valid(); }
  [[nodiscard]] int get() const { return fd_.get(); }
  /// Every process of that namespace, by the numbers of that namespace.
  [[nodiscard]] std::vector<ProcessStat> processes() const;
  [[nodiscard]] std::optional<ProcessStat> stat(pid_t pid) const;
  /// SIGSTOP waits for the process: it will stop before it executes one more instruction of its own.
  [[nodiscard]] bool stop_is_pending(pid_t pid) const;
  /// A folder of one process; pidfd_send_signal(2) takes it as a pidfd. Invalid when it is gone.
  [[nodiscard]] Fd open_process(pid_t pid) const;

 private:
  [[nodiscard]] std::string read(const std::string& name) const;  ///< empty when it is gone
  Fd fd_;
};

}  // namespace withstand::os
