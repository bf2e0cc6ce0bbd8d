#include "os/namespace.hpp"

#include <sched.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "os/check.hpp"
#include "os/files.hpp"

namespace withstand::os {
namespace {

std::string namespace_path(pid_t pid, const char* kind) {
  return pid == 0 ? fmt::format("/proc/self/ns/{}", kind) : fmt::format("/proc/{}/ns/{}", pid, kind);
}

}  // namespace

void enter_user_namespace() {
  const auto uid = ::geteuid();
  const auto gid = ::getegid();
  check("enter a user namespace", ::unshare(CLONE_NEWUSER));
  write_existing("/proc/self/setgroups", "deny");
  write_existing("/proc/self/uid_map", fmt::format("{} {} 1", uid, uid));
  write_existing("/proc/self/gid_map", fmt::format("{} {} 1", gid, gid));
}

void join_namespaces(const Pidfd& process, int kinds) {
  check("join the node's namespaces", ::setns(process.get(), kinds));
}

bool share_namespace(pid_t first, pid_t second, const char* kind) {
  struct stat one {};
  struct stat other {};
  check("look at namespace", ::stat(namespace_path(first, kind).c_str(), &one));
  check("look at namespace", ::stat(namespace_path(second, kind).c_str(), &other));
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

}  // namespace withstand::os
