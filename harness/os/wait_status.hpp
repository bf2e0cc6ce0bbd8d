#pragma once

#include <signal.h>
#include <string>

namespace withstand::os {

/// How a process ended, from waitid(2): an exit status and a signal's number are never confused.
struct WaitStatus {
  bool ended = false;
  bool signalled = false;  ///< CLD_KILLED or CLD_DUMPED
  bool core_dumped = false;
  int value = 0;  ///< exit status, or the signal's number

  static WaitStatus from(const siginfo_t& info);
  /// "exited with status 1", "was killed by SIGKILL".
  [[nodiscard]] std::string to_text() const;
  /// As a shell says it: 128 + signal.
  [[nodiscard]] int shell_status() const { return signalled ? 128 + value : value; }
};

/// "SIGTERM"; "signal 40" where there is no name.
std::string signal_name(int signal);
/// Accepts "TERM", "SIGTERM", "15"; 0 when it is none.
int signal_number(const std::string& name);

}  // namespace withstand::os
