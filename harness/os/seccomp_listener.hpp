#pragma once

#include <cstdint>
#include <optional>

#include <linux/seccomp.h>

#include "os/fd.hpp"

namespace withstand::os {

/// Whoever holds it answers the system calls that a filter asks about (seccomp_unotify(2)). Readable when there is a
/// question; hung up when no filtered process is left. What has meanwhile been killed needs no answer: the calls below
/// return false then.
class SeccompListener {
 public:
  SeccompListener() = default;
  /// Asks for wake-ups on the caller's processor where the kernel has them (Linux 6.6).
  explicit SeccompListener(Fd fd);

  [[nodiscard]] int get() const { return fd_.get(); }
  [[nodiscard]] bool wakes_at_once() const { return synchronous_; }
  /// The next question; nothing when it was withdrawn. Blocks when there is none: poll first.
  std::optional<seccomp_notif> next() const;
  /// Whether the asker still waits: what was read of its memory before was its own.
  [[nodiscard]] bool valid(std::uint64_t id) const;
  /// The call is made after all, as if it had not been filtered.
  bool let_pass(std::uint64_t id) const;
  /// The call is not made; it returns `value`, or fails with `error` (a positive errno).
  bool answer(std::uint64_t id, std::int64_t value, int error = 0) const;
  /// The call is not made; it returns a new descriptor of the asker for `file`, close-on-exec.
  bool answer_descriptor(std::uint64_t id, int file) const;

 private:
  Fd fd_;
  bool synchronous_ = false;
};

}  // namespace withstand::os
