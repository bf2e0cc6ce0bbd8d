#include "lab/dns/server.hpp"

#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <utility>

#include <sys/socket.h>

#include "lab/dns/tcp_connection.hpp"
#include "os/check.hpp"

namespace withstand::lab::dns {
namespace {

/// Datagrams or connections taken at a time, so that a node that asks without end does not keep the loop to itself.
constexpr int turns = 32;
/// Of one node. Whoever comes beyond is turned away.
constexpr std::size_t most_connections = 128;

}  // namespace

Server::Server(core::EventLoop& loop, Sockets sockets, OnMessage on_message)
    : loop_(loop),
      udp_(std::make_shared<const os::Fd>(std::move(sockets.udp))),
      tcp_(std::move(sockets.tcp)),
      on_message_(std::move(on_message)) {
  datagrams_ = loop_.on_readable(udp_->get(), [this] { on_datagrams(); });
  incoming_ = loop_.on_readable(tcp_.get(), [this] { on_connections(); });
}

Server::~Server() = default;

void Server::on_datagrams() {
  std::array<std::uint8_t, 65536> buffer;
  for (int turn = 0; turn < turns; ++turn) {
    sockaddr_storage asker{};
    socklen_t size = sizeof asker;
    const auto got = os::retry([&] {
      return ::recvfrom(udp_->get(), buffer.data(), buffer.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&asker),
                        &size);
    });
    if (got < 0) return;  // nothing more, or word of an asker that has gone
    const Send send = [asker, size, socket = std::weak_ptr(udp_)](ByteView reply) {
      const auto held = socket.lock();
      if (!held) return false;
      const auto sent = os::retry([&] {
        return ::sendto(held->get(), reply.data(), reply.size(), MSG_DONTWAIT,
                        reinterpret_cast<const sockaddr*>(&asker), size);
      });
      return sent >= 0;
    };
    on_message_({buffer.data(), static_cast<std::size_t>(got)}, false, send);
  }
}

void Server::on_connections() {
  for (int turn = 0; turn < turns; ++turn) {
    os::Fd socket(os::retry([&] { return ::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK); }));
    if (!socket.valid()) return;
    if (connections_.size() >= most_connections) continue;
    const std::uint64_t number = accepted_++;
    const auto ask = [this, number](ByteView message) {
      on_message_(message, true, [connection = std::weak_ptr(connections_.at(number))](ByteView reply) {
        const auto held = connection.lock();
        return held && held->send(reply);
      });
    };
    connections_[number] = std::make_shared<TcpConnection>(loop_, std::move(socket), ask, [this, number] {
      ended_ = connections_.at(number);  // whoever calls us is inside it
      connections_.erase(number);
    });
  }
}

std::uint64_t Server::unread() const { return dropped(*udp_); }

}  // namespace withstand::lab::dns
