#include "os/fd_message.hpp"

#include <array>
#include <cstring>
#include <stdexcept>

#include <sys/socket.h>
#include <sys/uio.h>

#include "os/check.hpp"

namespace withstand::os {
namespace {

constexpr std::size_t most_fds = 16;

struct ControlBuffer {
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(sizeof(int) * most_fds)> bytes{};
};

void take_fds(const msghdr& header, std::vector<Fd>& fds) {
  msghdr copy = header;
  for (cmsghdr* part = CMSG_FIRSTHDR(&copy); part != nullptr; part = CMSG_NXTHDR(&copy, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof fd);
      fds.emplace_back(fd);
    }
  }
}

}  // namespace

void send_message(const Fd& socket, std::span<const std::byte> bytes, std::span<const int> fds) {
  if (fds.size() > most_fds) throw std::logic_error("send descriptors: more than 16 at once");
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  ControlBuffer control;
  if (!fds.empty()) {
    header.msg_control = control.bytes.data();
    header.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(rights), fds.data(), fds.size_bytes());
  }
  check("send message", retry([&] { return ::sendmsg(socket.get(), &header, MSG_NOSIGNAL); }));
}

FdMessage receive_message(const Fd& socket, std::size_t capacity) {
  FdMessage message;
  message.bytes.resize(capacity);
  iovec part{message.bytes.data(), capacity};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  ControlBuffer control;
  header.msg_control = control.bytes.data();
  header.msg_controllen = control.bytes.size();
  const auto length =
      check("receive message", retry([&] { return ::recvmsg(socket.get(), &header, MSG_CMSG_CLOEXEC); }));
  take_fds(header, message.fds);
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) throw SystemError("receive message", EMSGSIZE);
  message.bytes.resize(static_cast<std::size_t>(length));
  return message;
}

}  // namespace withstand::os
