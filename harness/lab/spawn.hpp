#pragma once

#include <string>
#include <vector>

#include "os/fd.hpp"
#include "os/pidfd.hpp"

/// Re-executing this very program as one of the harness's own processes: fabric, load generator, guardian.
namespace withstand::lab {

/// One of the harness's own processes. It is killed and reaped when this is destroyed, unless it ended before.
/// It also ends by itself when its control socket reports EOF: closing `control` is the polite way.
class HelperProcess {
 public:
  HelperProcess() = default;
  HelperProcess(pid_t pid, os::Pidfd pidfd, os::Fd control)
      : pid_(pid), pidfd_(std::move(pidfd)), control_(std::move(control)) {}
  ~HelperProcess();
  HelperProcess(HelperProcess&& other) noexcept;
  HelperProcess& operator=(HelperProcess&& other) noexcept;

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Readable when the process has ended.
  [[nodiscard]] const os::Pidfd& pidfd() const { return pidfd_; }
  /// Our end of the control socket (SOCK_SEQPACKET, blocking, close on exec).
  [[nodiscard]] os::Fd& control() { return control_; }
  /// Closes the control socket, waits up to `patience_ms`, kills what is left, reaps. Idempotent.
  os::WaitStatus finish(int patience_ms);

 private:
  pid_t pid_ = 0;  ///< 0: none, or reaped
  os::Pidfd pidfd_;
  os::Fd control_;
  os::WaitStatus status_{};
};

struct SpawnOptions {
  std::vector<std::string> args;  ///< argv[1]...: "__fabric"
  std::vector<int> descriptors;   ///< become 4, 5, ... in the child; stay the caller's here
  int standard_output = -1;       ///< -1: inherited
  int standard_error = -1;
  /// A node's init: join its network, mount, UTS and IPC namespaces. The helper itself stays outside the node's PID
  /// namespace, but its children are born in it: /proc there knows them, and they end with the node, whatever they did.
  /// It can start no threads then (clone(2), EINVAL), and must reap its children: the init cannot end before they are.
  const os::Pidfd* inside = nullptr;
  bool own_session = true;   ///< setsid: ^C on the terminal does not reach it
  bool dies_with_us = true;  ///< PR_SET_PDEATHSIG SIGKILL, besides the control socket's EOF
  int cgroup = -1;           ///< cgroup v2 folder to be born in
};

/// Throws os::SystemError naming what failed, in the child too. Returns when the new program has been executed.
[[nodiscard]] HelperProcess spawn_helper(const SpawnOptions& options);

/// The program that is re-executed: /proc/self/exe unless a test says otherwise.
void set_own_program(std::string path);
const std::string& own_program();

}  // namespace withstand::lab
