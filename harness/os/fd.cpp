#include "os/fd.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <sys/socket.h>

#include "os/check.hpp"

namespace withstand::os {

void Fd::reset(int fd) noexcept {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Fd Fd::duplicate() const { return Fd(check("duplicate descriptor", ::fcntl(fd_, F_DUPFD_CLOEXEC, 3))); }

Pipe make_pipe() {
  int ends[2];
  check("make pipe", ::pipe2(ends, O_CLOEXEC));
  return {Fd(ends[0]), Fd(ends[1])};
}

SocketPair make_socket_pair() {
  int ends[2];
  check("make socket pair", ::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
  return {Fd(ends[0]), Fd(ends[1])};
}

void set_nonblocking(const Fd& fd) {
  const int flags = check("read descriptor flags", ::fcntl(fd.get(), F_GETFL));
  check("make descriptor non-blocking", ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK));
}

void clear_close_on_exec(const Fd& fd) { check("clear close-on-exec", ::fcntl(fd.get(), F_SETFD, 0)); }

}  // namespace withstand::os
