#include "os/seccomp_listener.hpp"

#include <cerrno>
#include <fcntl.h>

#include <sys/ioctl.h>

#include "os/check.hpp"

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif

namespace withstand::os {
namespace {

constexpr unsigned long wake_synchronously = 1;  // SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP

bool send(int fd, const seccomp_notif_resp& reply) {
  auto copy = reply;
  if (::ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &copy) == 0) return true;
  if (errno == ENOENT) return false;
  throw SystemError("answer a filtered system call", errno);
}

}  // namespace

SeccompListener::SeccompListener(Fd fd) : fd_(std::move(fd)) {
  synchronous_ = ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_SET_FLAGS, wake_synchronously) == 0;
}

std::optional<seccomp_notif> SeccompListener::next() const {
  seccomp_notif question{};
  if (::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_RECV, &question) == 0) return question;
  if (errno == ENOENT || errno == EINTR) return std::nullopt;
  throw SystemError("receive a filtered system call", errno);
}

bool SeccompListener::valid(std::uint64_t id) const {
  return ::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

bool SeccompListener::let_pass(std::uint64_t id) const {
  seccomp_notif_resp reply{};
  reply.id = id;
  reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
  return send(fd_.get(), reply);
}

bool SeccompListener::answer(std::uint64_t id, std::int64_t value, int error) const {
  seccomp_notif_resp reply{};
  reply.id = id;
  reply.val = error == 0 ? value : 0;
  reply.error = -error;
  return send(fd_.get(), reply);
}

bool SeccompListener::answer_descriptor(std::uint64_t id, int file) const {
  seccomp_notif_addfd request{};
  request.id = id;
  request.flags = SECCOMP_ADDFD_FLAG_SEND;
  request.srcfd = static_cast<__u32>(file);
  request.newfd_flags = O_CLOEXEC;
  if (::ioctl(fd_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &request) >= 0) return true;
  if (errno == ENOENT || errno == EINPROGRESS) return false;
  throw SystemError("hand a descriptor to a filtered process", errno);
}

}  // namespace withstand::os
