#include "os/ancillary.hpp"

#include <array>
#include <cstring>

#include <sys/socket.h>

#include "os/check.hpp"

namespace withstand::os {
namespace {

constexpr std::size_t most_descriptors = 32;
constexpr std::size_t control_size = CMSG_SPACE(most_descriptors * sizeof(int));

bool peer_is_gone(int error) { return error == EPIPE || error == ECONNRESET || error == ENOTCONN; }

void take_descriptors(msghdr& header, Message& message) {
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(item) + i * sizeof(int), sizeof fd);
      message.descriptors.emplace_back(fd);
    }
  }
}

}  // namespace

bool send_message(int socket, std::string_view data, const std::vector<int>& descriptors) {
  if (descriptors.size() > most_descriptors) throw SystemError("send descriptors", E2BIG);
  iovec part{const_cast<char*>(data.data()), data.size()};  // sendmsg(2) does not write to it
  alignas(cmsghdr) std::array<char, control_size> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (!descriptors.empty()) {
    header.msg_control = control.data();
    header.msg_controllen = CMSG_SPACE(descriptors.size() * sizeof(int));
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(descriptors.size() * sizeof(int));
    std::memcpy(CMSG_DATA(item), descriptors.data(), descriptors.size() * sizeof(int));
  }
  const auto sent = retry([&] { return ::sendmsg(socket, &header, MSG_NOSIGNAL); });
  if (sent < 0 && peer_is_gone(errno)) return false;
  check("send message", sent);
  return true;
}

std::optional<Message> receive_message(int socket, bool wait, std::size_t limit) {
  Message message;
  message.data.resize(limit);
  iovec part{message.data.data(), message.data.size()};
  alignas(cmsghdr) std::array<char, control_size> control{};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control.data();
  header.msg_controllen = control.size();
  const auto got = retry([&] { return ::recvmsg(socket, &header, MSG_CMSG_CLOEXEC | (wait ? 0 : MSG_DONTWAIT)); });
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return std::nullopt;
  if (got < 0 && !peer_is_gone(errno)) throw SystemError("receive message", errno);
  message.end = got <= 0;
  if (got > 0) take_descriptors(header, message);
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) throw SystemError("receive message", EMSGSIZE);
  message.data.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return message;
}

}  // namespace withstand::os
