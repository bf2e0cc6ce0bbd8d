#pragma once

#include <initializer_list>
#include <optional>
#include <signal.h>

#include "os/fd.hpp"

namespace withstand::os {

/// Signals as messages (signalfd(2)): blocks them in this process while it lives, and restores the mask afterwards.
/// Children inherit the mask; see reset_signals().
class SignalFd {
 public:
  explicit SignalFd(std::initializer_list<int> signals);
  ~SignalFd();
  SignalFd(const SignalFd&) = delete;
  SignalFd& operator=(const SignalFd&) = delete;

  [[nodiscard]] int get() const { return fd_.get(); }
  /// The next pending signal's number; never waits.
  std::optional<int> next();

 private:
  sigset_t before_{};
  Fd fd_;
};

}  // namespace withstand::os
