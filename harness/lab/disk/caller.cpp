#include "lab/disk/caller.hpp"

#include <sched.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/syscall.h>

#include "os/check.hpp"

namespace withstand::lab::disk {
namespace {

/// glibc's own wrappers would do, but the return value of both is the previous id: raw calls say what is meant.
void set_ids(uid_t uid, gid_t gid) {
  ::syscall(SYS_setfsgid, gid);
  ::syscall(SYS_setfsuid, uid);
}

thread_local mode_t current_mask = static_cast<mode_t>(-1);

}  // namespace

Caller::Caller(uid_t uid, gid_t gid) : other_(uid != ::geteuid() || gid != ::getegid()) {
  if (other_) set_ids(uid, gid);
}

Caller::~Caller() {
  if (!other_) return;
  ::syscall(SYS_setfsuid, ::geteuid());  // first: gives back the right to set the other
  ::syscall(SYS_setfsgid, ::getegid());
}

void own_umask() { os::check("leave the other threads' umask", ::unshare(CLONE_FS)); }

void set_umask(mode_t mask) {
  if (mask == current_mask) return;
  ::umask(mask);
  current_mask = mask;
}

}  // namespace withstand::lab::disk
