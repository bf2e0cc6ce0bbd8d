#pragma once

#include <sys/types.h>

namespace withstand::lab::disk {

/// While it lives, what this thread creates belongs to somebody else (setfsuid(2), per thread). Without the privilege
/// to do so nothing changes: then there is nobody else.
class Caller {
 public:
  Caller(uid_t uid, gid_t gid);
  ~Caller();
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;
  /// True when file permissions are those of somebody else than this process.
  [[nodiscard]] bool is_other() const { return other_; }

 private:
  bool other_ = false;
};

/// Gives this thread a umask of its own, whatever the process's other threads do. Throws SystemError.
void own_umask();
/// This thread's, from now on. Only after own_umask().
void set_umask(mode_t mask);

}  // namespace withstand::lab::disk
