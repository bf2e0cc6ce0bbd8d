#include <cerrno>
#include <csignal>
#include <cstdio>
#include <sched.h>
#include <unistd.h>

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/ptrace.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "lab/doctor/probe.hpp"
#include "os/capabilities.hpp"
#include "os/check.hpp"
#include "os/process.hpp"

namespace withstand::lab::doctor {

Finding probe_kernel() {
  utsname name{};
  os::check("read the kernel's version", ::uname(&name));
  int major = 0;
  int minor = 0;
  std::sscanf(name.release, "%d.%d", &major, &minor);
  const auto why = fmt::format("{} {}", name.release, name.machine);
  if (major > 5 || (major == 5 && minor >= 10)) return {Feature::State::ok, why, ""};
  return {Feature::State::missing, why, "a kernel of 5.10 or later (Debian 12 has 6.1)"};
}

Finding probe_ptrace() {
  const os::Parent self;
  const pid_t child = os::check("start a child to trace", ::fork());
  if (child == 0) {
    self.die_with(SIGKILL);
    for (;;) ::pause();
  }
  std::string attempt = "seize a child (ptrace)";
  int error = 0;
  int status = 0;
  if (::ptrace(PTRACE_SEIZE, child, 0, 0) < 0) {
    error = errno;
  } else if (::ptrace(PTRACE_INTERRUPT, child, 0, 0) < 0 || ::waitpid(child, &status, 0) != child ||
             !WIFSTOPPED(status)) {
    error = errno;
    attempt = "stop a traced child";
  }
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  if (error == 0) return {Feature::State::ok, "a child was seized and stopped", ""};
  const auto scope = read_line("/proc/sys/kernel/yama/ptrace_scope");
  return {Feature::State::missing, os::SystemError(attempt, error).what(),
          scope.empty() || scope == "0" || scope == "1"
              ? advise_on_namespaces(error)
              : fmt::format("kernel.yama.ptrace_scope is {}: sudo sysctl kernel.yama.ptrace_scope=1 (3 needs a reboot)",
                            scope)};
}

Finding probe_realtime() {
  const sched_param parameters{1};
  if (::sched_setscheduler(0, SCHED_FIFO, &parameters) == 0) return {Feature::State::ok, "SCHED_FIFO is allowed", ""};
  const int error = errno;
  std::string fix = "run as root, or raise the rtprio limit (LimitRTPRIO=, /etc/security/limits.conf)";
  if (os::has_capability(CAP_SYS_NICE))
    fix = "give this cgroup a real-time share (cpu.rt_runtime_us of cgroup v1; docker run --cpu-rt-runtime)";
  else if (::geteuid() == 0 && in_container())
    fix = "start the container with --cap-add SYS_NICE";
  return {Feature::State::degraded,
          fmt::format("{}; media run at ordinary priority and may be late on a busy machine",
                      os::SystemError("ask for SCHED_FIFO", error).what()),
          fix};
}

}  // namespace withstand::lab::doctor
