#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "os/fd.hpp"

namespace withstand::os {

/// One victim of the kernel's out-of-memory killer.
struct OomKill {
  pid_t pid = 0;
  std::string program;    ///< its name, at most 15 characters
  bool at_limit = false;  ///< a cgroup's memory limit was reached; false: the machine's memory was
  std::string limit_of;   ///< that cgroup, from its hierarchy's root; may be empty
};

/// What the out-of-memory killer does from now on, as the kernel tells it: its log (/dev/kmsg; root, or CAP_SYSLOG, in
/// the first PID namespace, whose numbers it names) says whom and why, oom_kill in /proc/vmstat only how often on the
/// whole machine, cgroups with limits of their own included.
class OomWatch {
 public:
  OomWatch();
  /// What has been told since the last call.
  void collect();
  /// Whether victims are known, not only their number.
  [[nodiscard]] bool names_victims() const { return log_.valid(); }
  [[nodiscard]] const std::vector<OomKill>& kills() const { return kills_; }
  /// How many victims there were on this machine; 0 where it is not told.
  [[nodiscard]] std::uint64_t count() const;

 private:
  Fd log_;
  std::uint64_t before_ = 0;
  std::string summary_;  ///< the last "oom-kill:" line, which precedes its victim's
  std::vector<OomKill> kills_;
};

/// The victim that a line of the kernel's log tells of. `summary` is the last line that began with "oom-kill:".
std::optional<OomKill> parse_oom_kill(std::string_view line, std::string_view summary);

}  // namespace withstand::os
