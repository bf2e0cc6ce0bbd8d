#include "os/wait_status.hpp"

#include <cstring>

#include <fmt/format.h>

namespace withstand::os {

WaitStatus WaitStatus::from(const siginfo_t& info) {
  WaitStatus status;
  status.ended = true;
  status.signalled = info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
  status.core_dumped = info.si_code == CLD_DUMPED;
  status.value = info.si_status;
  return status;
}

std::string WaitStatus::to_text() const {
  if (!ended) return "still runs";
  if (!signalled) return fmt::format("exited with status {}", value);
  return fmt::format("was killed by {}{}", signal_name(value), core_dumped ? " (core dumped)" : "");
}

std::string signal_name(int signal) {
  const char* short_name = ::sigabbrev_np(signal);
  return short_name != nullptr ? fmt::format("SIG{}", short_name) : fmt::format("signal {}", signal);
}

int signal_number(const std::string& name) {
  const std::string bare = name.rfind("SIG", 0) == 0 ? name.substr(3) : name;
  for (int signal = 1; signal < NSIG; ++signal) {
    const char* short_name = ::sigabbrev_np(signal);
    if (bare == std::to_string(signal) || (short_name != nullptr && bare == short_name)) return signal;
  }
  return 0;
}

}  // namespace withstand::os
