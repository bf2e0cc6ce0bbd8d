#pragma once

#include <cerrno>

#include "packet_fixture.hpp"

namespace withstand::faults::testing {

/// A server of plain sockets on node 1, and connections to it from node 0.
class ConnectionFaultTest : public PacketFaultTest {
 protected:
  static constexpr std::uint16_t port = 7000;

  /// What the fabric is to follow from the start.
  virtual void watch() = 0;

  void SetUp() override {
    PacketFaultTest::SetUp();
    if (!rig_) return;
    watch();
    listener_ = rig_->socket(1, AF_INET, SOCK_STREAM);
    const sockaddr_in own = address(1, port);
    os::check("bind", ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&own), sizeof own));
    os::check("listen", ::listen(listener_.get(), 1024));
  }

  static void be_patient(const os::Fd& socket, std::chrono::milliseconds patience) {
    const timeval limit{.tv_sec = patience.count() / 1000, .tv_usec = patience.count() % 1000 * 1000};
    os::check("set patience", ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit));
    os::check("set patience", ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit));
  }

  /// 0, or the error.
  [[nodiscard]] int try_to_connect(os::Fd& socket, std::chrono::milliseconds patience = std::chrono::seconds(2)) const {
    socket = rig_->socket(0, AF_INET, SOCK_STREAM);
    be_patient(socket, patience);
    const sockaddr_in there = address(1, port);
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) == 0 ? 0 : errno;
  }

  struct Pair {
    os::Fd client, server;
  };
  [[nodiscard]] Pair connected() const {
    Pair pair;
    EXPECT_EQ(try_to_connect(pair.client), 0);
    pollfd wanted{.fd = listener_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&wanted, 1, 2000) == 1) pair.server = os::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    EXPECT_TRUE(pair.server.valid());
    if (pair.server.valid()) be_patient(pair.server, std::chrono::seconds(2));
    return pair;
  }

  /// What has gone wrong with a socket that was not asked for anything.
  static int error_of(const os::Fd& socket, std::chrono::milliseconds patience = std::chrono::seconds(2)) {
    pollfd wanted{.fd = socket.get(), .events = 0, .revents = 0};  // POLLERR and POLLHUP are always told
    ::poll(&wanted, 1, static_cast<int>(patience.count()));
    int error = 0;
    socklen_t size = sizeof error;
    os::check("ask for the error", ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size));
    return error;
  }

  os::Fd listener_;
};

}  // namespace withstand::faults::testing
