#include "os/netlink_socket.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <stdexcept>

#include <fmt/format.h>
#include <linux/netlink.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include "os/check.hpp"
#include "os/netlink_attributes.hpp"

namespace withstand::os {
namespace {

constexpr int most_dumps = 10;

void checked(const std::string& attempt, int returned) {
  if (returned < 0) throw std::runtime_error(fmt::format("{}: {}", attempt, nl_geterror(returned)));
}

/// The kernel's own words about a refusal (NETLINK_EXT_ACK), behind the header of the message it refuses.
std::string words_of(std::span<const std::byte> message, const nlmsghdr& head) {
  if ((head.nlmsg_flags & NLM_F_ACK_TLVS) == 0 || message.size() < NLMSG_HDRLEN + sizeof(nlmsgerr)) return {};
  nlmsgerr error{};
  std::memcpy(&error, message.data() + NLMSG_HDRLEN, sizeof error);
  std::size_t skipped = NLMSG_HDRLEN + sizeof error;
  if ((head.nlmsg_flags & NLM_F_CAPPED) == 0) skipped += NLMSG_ALIGN(error.msg.nlmsg_len) - sizeof error.msg;
  if (skipped >= message.size()) return {};
  return Attributes(message.subspan(skipped)).text(NLMSGERR_ATTR_MSG);
}

/// What one datagram adds to the answer.
struct Progress {
  std::vector<std::vector<std::byte>> payloads;
  bool done = false, changed_meanwhile = false;
};

void take_end(const std::string& attempt, std::span<const std::byte> message, const nlmsghdr& head,
              Progress& progress) {
  int error = 0;
  if (message.size() >= NLMSG_HDRLEN + sizeof error) std::memcpy(&error, message.data() + NLMSG_HDRLEN, sizeof error);
  progress.done = true;
  if (error >= 0) return;
  const std::string words = head.nlmsg_type == NLMSG_ERROR ? words_of(message, head) : std::string();
  throw SystemError(words.empty() ? attempt : fmt::format("{} (the kernel: {})", attempt, words), -error);
}

void take(const std::string& attempt, std::span<const std::byte> datagram, std::uint32_t sequence, Progress& progress) {
  while (datagram.size() >= NLMSG_HDRLEN && !progress.done) {
    nlmsghdr head{};
    std::memcpy(&head, datagram.data(), sizeof head);
    if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > datagram.size()) return;
    const auto message = datagram.first(head.nlmsg_len);
    datagram = datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(head.nlmsg_len), datagram.size()));
    if (head.nlmsg_seq != sequence) continue;
    progress.changed_meanwhile |= (head.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
    if (head.nlmsg_type == NLMSG_ERROR || head.nlmsg_type == NLMSG_DONE)
      take_end(attempt, message, head, progress);
    else if (const auto payload = message.subspan(NLMSG_HDRLEN); head.nlmsg_type != NLMSG_NOOP)
      progress.payloads.emplace_back(payload.begin(), payload.end());
  }
}

}  // namespace

struct NetlinkSocket::Impl {
  struct Release {
    void operator()(nl_sock* socket) const { nl_socket_free(socket); }
  };
  std::unique_ptr<nl_sock, Release> socket{nl_socket_alloc()};
  std::uint32_t sequence = 0;

  Progress ask(const std::string& attempt, std::uint16_t type, std::uint16_t flags, std::span<const std::byte> body) {
    nlmsghdr head{};
    head.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + body.size());
    head.nlmsg_type = type;
    head.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST | NLM_F_ACK);
    head.nlmsg_seq = ++sequence;
    std::vector<std::byte> message(head.nlmsg_len);
    std::memcpy(message.data(), &head, sizeof head);
    if (!body.empty()) std::memcpy(message.data() + NLMSG_HDRLEN, body.data(), body.size());
    checked(attempt, nl_sendto(socket.get(), message.data(), message.size()));
    Progress progress;
    while (!progress.done) {
      sockaddr_nl from{};
      unsigned char* raw = nullptr;
      const int size = nl_recv(socket.get(), &from, &raw, nullptr);
      const std::unique_ptr<unsigned char, decltype(&::free)> owned(raw, &::free);
      checked(attempt, size);
      if (size == 0) throw SystemError(attempt + ": the kernel closed the socket", EPIPE);
      take(attempt, std::as_bytes(std::span(raw, static_cast<std::size_t>(size))), sequence, progress);
    }
    return progress;
  }
};

NetlinkSocket::NetlinkSocket() : impl_(std::make_unique<Impl>()) {
  if (!impl_->socket) throw std::runtime_error("make a netlink socket: out of memory");
  checked("open a netlink socket", nl_connect(impl_->socket.get(), NETLINK_ROUTE));
  const int fd = nl_socket_get_fd(impl_->socket.get()), yes = 1;
  check("set close-on-exec on a netlink socket", ::fcntl(fd, F_SETFD, FD_CLOEXEC));
  // For the reasons of refusals; a kernel that cannot give them only gives numbers.
  ::setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &yes, sizeof yes);
  ::setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &yes, sizeof yes);
}

NetlinkSocket::~NetlinkSocket() = default;
NetlinkSocket::NetlinkSocket(NetlinkSocket&&) noexcept = default;
NetlinkSocket& NetlinkSocket::operator=(NetlinkSocket&&) noexcept = default;

std::vector<std::vector<std::byte>> NetlinkSocket::request(const std::string& attempt, std::uint16_t type,
                                                           std::uint16_t flags, std::span<const std::byte> body) {
  for (int tries = 0; tries < most_dumps; ++tries) {
    Progress progress = impl_->ask(attempt, type, flags, body);
    if (!progress.changed_meanwhile) return std::move(progress.payloads);
  }
  throw SystemError(attempt + ": it changes faster than it can be read", EAGAIN);
}

}  // namespace withstand::os
