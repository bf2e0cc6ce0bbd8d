#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "lab/doctor/probe.hpp"
#include "os/check.hpp"
#include "os/fd.hpp"

namespace withstand::lab::doctor {

namespace {

constexpr int answer = 4242;

/// A filter that asks the listener about getppid(2) and allows the rest.
os::Fd install_listener() {
  std::array<sock_filter, 4> code{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getppid, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  os::check("give up new privileges", ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  return os::Fd(static_cast<int>(
      os::check("install a system-call filter with a listener",
                ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program))));
}

void answer_once(const os::Fd& listener) {
  seccomp_notif question{};
  os::check("receive a system call", ::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_RECV, &question));
  seccomp_notif_resp reply{};
  reply.id = question.id;
  reply.val = answer;
  os::check("answer a system call", ::ioctl(listener.get(), SECCOMP_IOCTL_NOTIF_SEND, &reply));
}

}  // namespace

Finding probe_seccomp_notify() {
  const auto listener = install_listener();
  const pid_t child = os::check("start a filtered child", ::fork());
  if (child == 0) ::_exit(::syscall(SYS_getppid) == answer ? 0 : 1);
  answer_once(listener);
  int status = 0;
  os::check("wait for a filtered child", ::waitpid(child, &status, 0));
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
    return {Feature::State::missing, "a filtered system call did not get the listener's answer", ""};
  return {Feature::State::ok, "a listener answered a child's system call", ""};
}

}  // namespace withstand::lab::doctor
