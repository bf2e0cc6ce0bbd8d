#include "lab/request_ledger.hpp"

#include <signal.h>

namespace withstand::lab {

void RequestLedger::clear() { *this = RequestLedger(); }

void RequestLedger::signalled(int signal, const std::string& by, bool ignored) {
  if (signal == 0 || signal == SIGCONT || signal == SIGSTOP || ignored) return;
  signals_.insert(signal);
  polite_ = polite_ || signal == SIGTERM || signal == SIGINT || signal == SIGQUIT;
  by_ = by;
}

void RequestLedger::anything(const std::string& by) {
  anything_ = true;
  by_ = by;
}

std::string RequestLedger::asked_for(const os::WaitStatus& status) const {
  if (anything_) return by_;
  const bool as_sent = status.signalled && signals_.count(status.value) > 0;
  const bool itself = !status.signalled && polite_;
  return as_sent || itself ? by_ : "";
}

}  // namespace withstand::lab
