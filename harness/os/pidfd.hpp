#pragma once

#include <optional>

#include <sys/types.h>

#include "os/fd.hpp"
#include "os/wait_status.hpp"

namespace withstand::os {

/// A process, by a handle that is never reused (pidfd_open(2)). Readable when the process has ended.
class Pidfd {
 public:
  Pidfd() = default;
  explicit Pidfd(Fd fd) : fd_(std::move(fd)) {}
  /// pidfd_open(2); throws SystemError (ESRCH when there is no such process).
  static Pidfd open(pid_t pid);

  [[nodiscard]] int get() const { return fd_.get(); }
  [[nodiscard]] bool valid() const { return fd_.valid(); }
  [[nodiscard]] Pidfd duplicate() const { return Pidfd(fd_.duplicate()); }
  [[nodiscard]] int release() { return fd_.release(); }

  /// False when it has already ended and was reaped (ESRCH); throws on any other error.
  bool send(int signal) const;
  /// Waits at most `timeout_ms` (negative: for ever) for it to end; true when it has. Does not reap.
  [[nodiscard]] bool wait_end(int timeout_ms) const;
  /// Reaps our own child if it has ended.
  [[nodiscard]] std::optional<WaitStatus> try_reap() const;
  /// Waits for our own child and reaps it.
  WaitStatus reap() const;
  /// The process's number as this process's /proc sees it (fdinfo); 0 once it was reaped.
  [[nodiscard]] pid_t pid() const;

 private:
  Fd fd_;
};

}  // namespace withstand::os
