#pragma once

#include <sys/types.h>

#include "os/pidfd.hpp"

namespace withstand::os {

/// unshare(CLONE_NEWUSER) with the caller's own uid and gid mapped to themselves and setgroups(2) denied, so that no
/// privilege outside is needed (user_namespaces(7)). The caller then has every capability inside it. Throws
/// SystemError; EPERM or ENOSPC where the machine forbids user namespaces.
void enter_user_namespace();

/// Joins namespaces of a process (setns(2) with a pidfd; Linux 5.8): CLONE_NEWNET | CLONE_NEWNS ...
void join_namespaces(const Pidfd& process, int kinds);

/// True when both processes (0: the caller) are in the same namespace of a kind, named as in /proc/PID/ns: "user".
bool share_namespace(pid_t first, pid_t second, const char* kind);

}  // namespace withstand::os
