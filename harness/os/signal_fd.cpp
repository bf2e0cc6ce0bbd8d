#include "os/signal_fd.hpp"

#include <unistd.h>

#include <sys/signalfd.h>

#include "os/check.hpp"

namespace withstand::os {

SignalFd::SignalFd(std::initializer_list<int> signals) {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int signal : signals) ::sigaddset(&wanted, signal);
  check("block signals", ::sigprocmask(SIG_BLOCK, &wanted, &before_));
  fd_.reset(check("make signalfd", ::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK)));
}

SignalFd::~SignalFd() { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }

std::optional<int> SignalFd::next() {
  signalfd_siginfo info{};
  const auto got = retry([&] { return ::read(fd_.get(), &info, sizeof info); });
  if (got < 0 && errno == EAGAIN) return std::nullopt;
  check("read signalfd", got);
  return static_cast<int>(info.ssi_signo);
}

}  // namespace withstand::os
