#pragma once

#include <csignal>

#include "core/event_loop.hpp"
#include "os/signal_fd.hpp"

namespace withstand::run {

/// SIGINT, SIGQUIT, SIGTERM, SIGHUP (a person, a CI system, a terminal that closed) and SIGUSR1 (`withstand stop`) as
/// states that the phases look at. Lives as long as the command, so that a signal between two runs is not lost.
///
/// From its construction on, for good, SIGPIPE is ignored: whoever reads our output may go away, but not end a run
/// without its roll-back and its verdict.
class Interrupts {
 public:
  /// A hang-up that the caller has us ignore (nohup(1)) stays ignored.
  Interrupts()
      : signals_(hang_up_is_ignored() ? os::SignalFd{SIGINT, SIGQUIT, SIGTERM, SIGUSR1}
                                      : os::SignalFd{SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1}) {
    ::signal(SIGPIPE, SIG_IGN);
  }

  /// Watches on this loop while the registration lives.
  [[nodiscard]] core::EventLoop::Registration watch(core::EventLoop& loop) {
    return loop.on_readable(signals_.get(), [this] { collect(); });
  }
  void collect() {
    while (const auto signal = signals_.next()) {
      if (*signal == SIGUSR1)
        stopped_ = true;
      else if (signal_ == 0)
        signal_ = *signal;
      else
        twice_ = true;
    }
  }

  [[nodiscard]] int signal() const { return signal_; }     ///< the first but SIGUSR1; 0: none came
  [[nodiscard]] bool twice() const { return twice_; }      ///< a second one: skip to rollback
  [[nodiscard]] bool stopped() const { return stopped_; }  ///< by `withstand stop`
  [[nodiscard]] bool any() const { return signal_ != 0 || stopped_; }
  /// A stop concerns one run; the next begins anew.
  void forget_stop() { stopped_ = false; }

 private:
  static bool hang_up_is_ignored() {
    struct sigaction action {};
    return ::sigaction(SIGHUP, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
  }

  os::SignalFd signals_;
  int signal_ = 0;
  bool twice_ = false, stopped_ = false;
};

}  // namespace withstand::run
