#pragma once

#include <functional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "os/pidfd.hpp"

namespace withstand::os {

struct CloneOptions {
  unsigned namespaces = 0;  ///< CLONE_NEWPID | CLONE_NEWNET ...
  int cgroup = -1;          ///< a cgroup v2 folder to be born in (CLONE_INTO_CGROUP)
};

struct Child {
  pid_t pid = 0;
  Pidfd pidfd;
};

/// A fork(2) by clone3(2), with namespaces and a pidfd. The child runs `body` and ends with what it returns (or 70 when
/// it throws); it never returns into the caller's code, runs no destructors of it and flushes no buffers.
/// Throws std::logic_error when this process has more than one thread: the child would inherit locks held by threads
/// that it does not have.
Child clone_process(std::string_view attempt, const CloneOptions& options, const std::function<int()>& body);

/// How many threads this process has (/proc/self/task).
int thread_count();

/// Closes every descriptor from 3 on that is not listed.
void close_other_descriptors(std::vector<int> kept);
/// Makes `descriptors[i]` available as `first + i`, not closed on exec. Numbers may overlap.
void place_descriptors(const std::vector<int>& descriptors, int first);
/// Default action for every signal, nothing blocked: what a new program expects.
void reset_signals();

/// This process, for children that are to die with it: made before the fork, asked in the child. Its descriptor is
/// closed on exec. Throws SystemError.
class Parent {
 public:
  Parent();
  /// In the child: PR_SET_PDEATHSIG, and an end at once (status 128 + signal) when the parent has died before. Cleared
  /// by setuid and by executing set-uid programs, so call it after dropping privileges. From inside a PID namespace
  /// that the parent is not in it works too. Throws SystemError.
  void die_with(int signal) const;
  /// In the child: until the parent has ended.
  void wait_end() const { static_cast<void>(pidfd_.wait_end(-1)); }
  /// Must be open until die_with has been called.
  [[nodiscard]] int descriptor() const { return pidfd_.get(); }

 private:
  pid_t pid_;
  Pidfd pidfd_;
};

/// Program name in /proc/PID/comm, at most 15 bytes.
void set_process_name(const char* name);

/// Null-terminated array for exec; the strings stay the caller's.
std::vector<char*> exec_array(const std::vector<std::string>& strings);

}  // namespace withstand::os
