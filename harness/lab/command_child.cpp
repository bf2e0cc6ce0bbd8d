#include "lab/command_child.hpp"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sstream>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "lab/target_process.hpp"
#include "os/check.hpp"
#include "os/namespace.hpp"
#include "os/process.hpp"

namespace withstand::lab {
namespace {

void say(const std::string& text) {
  const std::string line = text + "\n";
  if (::write(STDERR_FILENO, line.data(), line.size()) < 0) return;  // nobody listens: nothing can be done about it
}

/// Ends this process as its child ended, so that whoever waits for it learns the truth.
[[noreturn]] void end_like(pid_t child) {
  os::close_other_descriptors({});
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(stream);
  os::set_process_name("ws-command");
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED) < 0 && errno == EINTR) {
  }
  if (info.si_code == CLD_EXITED) ::_exit(info.si_status);
  const rlimit no_core{0, 0};
  ::setrlimit(RLIMIT_CORE, &no_core);
  ::raise(info.si_status);
  ::_exit(128 + info.si_status);
}

/// execvp(3) says "not allowed" as soon as one folder of PATH may not be searched, wherever the program is missing.
bool is_nowhere_in_path(const std::string& program) {
  const char* path = ::getenv("PATH");
  if (program.empty() || program.find('/') != std::string::npos || path == nullptr) return false;
  std::istringstream folders(path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (::access((folder + "/" + program).c_str(), F_OK) == 0) return false;
  return true;
}

void join_and_fork(const CommandPlace& place, std::vector<int> kept) {
  os::join_namespaces(*place.init, CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC);
  const os::Parent self;
  const pid_t child = os::check("fork", ::fork());  // only children are born in the joined PID namespace
  if (child != 0) end_like(child);
  kept.push_back(self.descriptor());
  if (place.clock.socket >= 0) kept.push_back(place.clock.socket);
  os::close_other_descriptors(std::move(kept));
  drop_to(place.who);
  self.die_with(SIGKILL);  // after setuid, which clears it; the node's init ending kills it in any case
  enter_clock_domain(place.clock);
  if (::chdir(place.folder.c_str()) < 0) os::check("enter /", ::chdir("/"));  // a client may have no such folder
}

template <class Enter>
void enter_or_end(Enter enter) {
  try {
    enter();
  } catch (const std::exception& error) {
    say(fmt::format("withstand: {}", error.what()));
    ::_exit(126);
  }
}

}  // namespace

void enter_node_for_command(const CommandPlace& place, const os::Parent& parent, const std::vector<int>& kept) {
  enter_or_end([&] {
    os::reset_signals();
    os::check("start a session", ::setsid());
    parent.die_with(SIGKILL);
    if (place.cgroup >= 0) {
      const os::Fd procs(os::check("open cgroup.procs", ::openat(place.cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC)));
      os::check("enter the run's cgroup", ::write(procs.get(), "0", 1));
    }
    join_and_fork(place, kept);
  });
}

void enter_node_on_terminal(const CommandPlace& place) {
  enter_or_end([&] { join_and_fork(place, {}); });
}

void give_up_command(const std::string& program, int error) {
  if (error == EACCES && is_nowhere_in_path(program)) error = ENOENT;
  say(fmt::format("withstand: cannot execute {}: {}", program, ::strerror(error)));
  ::_exit(error == ENOENT ? 127 : 126);
}

}  // namespace withstand::lab
