#pragma once

#include <utility>

namespace withstand::os {

/// Owns one file descriptor. Move-only; closing never throws (an error of close(2) on Linux still closes).
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() { reset(); }
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }
  /// Gives the descriptor away.
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset(int fd = -1) noexcept;
  /// F_DUPFD_CLOEXEC.
  [[nodiscard]] Fd duplicate() const;

 private:
  int fd_ = -1;
};

/// pipe2(2) with O_CLOEXEC.
struct Pipe {
  Fd read, write;
};
Pipe make_pipe();

/// socketpair(2): AF_UNIX, SOCK_SEQPACKET, close on exec.
struct SocketPair {
  Fd first, second;
};
SocketPair make_socket_pair();

void set_nonblocking(const Fd& fd);
/// For a descriptor that must survive exec.
void clear_close_on_exec(const Fd& fd);

}  // namespace withstand::os
