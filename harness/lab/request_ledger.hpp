#pragma once

#include <set>
#include <string>

#include "os/wait_status.hpp"

namespace withstand::lab {

/// Who asked one start of a target to end, and how: decides whether its exit was requested. A crash after SIGHUP was
/// not; nor is being killed by a signal that nobody here sent (the kernel out of memory, another program) after a
/// SIGTERM that should have ended it politely.
class RequestLedger {
 public:
  void clear();
  /// `ignored`: the main process lets this signal pass, so that it does not end because of it.
  void signalled(int signal, const std::string& by, bool ignored = false);
  /// Whatever way it ends from here on.
  void anything(const std::string& by);

  /// Who asked for this end; empty when nobody did.
  [[nodiscard]] std::string asked_for(const os::WaitStatus& status) const;

 private:
  std::set<int> signals_;
  bool polite_ = false;  ///< a signal was sent that means "end yourself"
  bool anything_ = false;
  std::string by_;
};

}  // namespace withstand::lab
