#include "os/process.hpp"

#include <algorithm>
#include <cstdint>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <signal.h>
#include <stdexcept>
#include <unistd.h>

#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "os/check.hpp"

namespace withstand::os {

int thread_count() {
  const std::unique_ptr<DIR, int (*)(DIR*)> tasks(check_pointer("list threads", ::opendir("/proc/self/task")),
                                                  &::closedir);
  int count = 0;
  while (const dirent* entry = ::readdir(tasks.get()))
    if (entry->d_name[0] != '.') ++count;
  return count;
}

Child clone_process(std::string_view attempt, const CloneOptions& options, const std::function<int()>& body) {
  if (thread_count() != 1) throw std::logic_error(std::string(attempt) + ": refused, this process has several threads");
  int pidfd = -1;
  clone_args arguments{};
  arguments.flags = static_cast<unsigned>(CLONE_PIDFD) | options.namespaces;
  arguments.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  arguments.exit_signal = SIGCHLD;
  if (options.cgroup >= 0) {
    arguments.flags |= CLONE_INTO_CGROUP;
    arguments.cgroup = static_cast<unsigned>(options.cgroup);
  }
  const auto pid = static_cast<pid_t>(check(attempt, ::syscall(SYS_clone3, &arguments, sizeof arguments)));
  if (pid != 0) return {pid, Pidfd(Fd(pidfd))};
  int result = 70;  // EX_SOFTWARE
  try {
    result = body();
  } catch (...) {  // nowhere to report to: bodies that can fail report through a Handshake
  }
  ::_exit(result);
}

void close_other_descriptors(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = 3;
  for (const int fd : kept) {
    if (fd < static_cast<int>(first)) continue;
    if (fd > static_cast<int>(first))
      check("close descriptors", ::close_range(first, static_cast<unsigned>(fd) - 1, 0));
    first = static_cast<unsigned>(fd) + 1;
  }
  check("close descriptors", ::close_range(first, ~0U, 0));
}

void place_descriptors(const std::vector<int>& descriptors, int first) {
  const int above = first + static_cast<int>(descriptors.size());
  std::vector<int> parked;
  parked.reserve(descriptors.size());
  for (const int fd : descriptors) parked.push_back(check("park descriptor", ::fcntl(fd, F_DUPFD_CLOEXEC, above)));
  for (std::size_t i = 0; i < parked.size(); ++i)
    check("place descriptor", ::dup2(parked[i], first + static_cast<int>(i)));
}

void reset_signals() {
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    ::sigaction(signal, &action, nullptr);  // fails for KILL and STOP, and for the C library's own: as it should
  }
  sigset_t none;
  ::sigemptyset(&none);
  check("unblock signals", ::sigprocmask(SIG_SETMASK, &none, nullptr));
}

Parent::Parent() : pid_(::getpid()), pidfd_(Pidfd::open(pid_)) {}

void Parent::die_with(int signal) const {
  check("set parent death signal", ::prctl(PR_SET_PDEATHSIG, signal));
  // A dying parent's children get another parent and that signal at once, and its pidfd becomes readable a little
  // later; but from inside a PID namespace a parent outside is 0, and so is the next.
  const pid_t parent = ::getppid();
  const bool another = parent != pid_ && parent != 0;
  if (another || pidfd_.wait_end(0)) ::_exit(128 + signal);
}

void set_process_name(const char* name) { ::prctl(PR_SET_NAME, name); }

std::vector<char*> exec_array(const std::vector<std::string>& strings) {
  std::vector<char*> array;
  array.reserve(strings.size() + 1);
  for (const auto& text : strings) array.push_back(const_cast<char*>(text.c_str()));  // exec(3) does not write to them
  array.push_back(nullptr);
  return array;
}

}  // namespace withstand::os
