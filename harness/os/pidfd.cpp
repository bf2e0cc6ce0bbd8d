#include "os/pidfd.hpp"

#include <fstream>
#include <poll.h>
#include <string>
#include <unistd.h>

#include <sys/syscall.h>
#include <sys/wait.h>

#include "os/check.hpp"

namespace withstand::os {
namespace {

constexpr auto pidfd_id = static_cast<idtype_t>(3);  // P_PIDFD; glibc's enumerator is not in every supported version

std::optional<WaitStatus> wait_by_pidfd(int fd, int options) {
  siginfo_t info{};
  check("wait for child", retry([&] { return ::waitid(pidfd_id, static_cast<id_t>(fd), &info, options); }));
  if (info.si_pid == 0) return std::nullopt;
  return WaitStatus::from(info);
}

}  // namespace

Pidfd Pidfd::open(pid_t pid) {
  return Pidfd(Fd(static_cast<int>(check("open pidfd", ::syscall(SYS_pidfd_open, pid, 0)))));
}

bool Pidfd::send(int signal) const {
  const auto sent = ::syscall(SYS_pidfd_send_signal, fd_.get(), signal, nullptr, 0);
  if (sent < 0 && errno == ESRCH) return false;
  check("send signal by pidfd", sent);
  return true;
}

bool Pidfd::wait_end(int timeout_ms) const {
  pollfd poll{fd_.get(), POLLIN, 0};
  return check("poll pidfd", retry([&] { return ::poll(&poll, 1, timeout_ms); })) > 0;
}

std::optional<WaitStatus> Pidfd::try_reap() const { return wait_by_pidfd(fd_.get(), WEXITED | WNOHANG); }

WaitStatus Pidfd::reap() const {
  // On a non-blocking pidfd, which is what Asio makes of those it watches, waitid would say EAGAIN.
  static_cast<void>(wait_end(-1));
  return *wait_by_pidfd(fd_.get(), WEXITED);
}

pid_t Pidfd::pid() const {
  std::ifstream info("/proc/self/fdinfo/" + std::to_string(fd_.get()));
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("Pid:", 0) == 0) return std::max(0, std::stoi(line.substr(4)));
  }
  return 0;
}

}  // namespace withstand::os
