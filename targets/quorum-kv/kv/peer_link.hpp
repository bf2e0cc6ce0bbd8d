#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "kv/bugs.hpp"
#include "kv/frame_connection.hpp"
#include "kv/message.hpp"

namespace quorum_kv {

/// This node's way to one other member: one connection, kept alive, replaced when it falls silent.
///
/// After a partition TCP waits for its next retransmission, which may be many seconds away. So a connection from which
/// nothing came for a while is only suspected: it stays in use, and meanwhile a fresh connection is tried every
/// `silence`, several at a time. Whoever answers first, old or new, is the connection from then on. A peer is thus
/// found again one try and two round trips after the network heals, and a slow network is not taken for a dead one.
class PeerLink {
 public:
  struct Events {
    std::function<void(const Reply&)> on_reply;
    std::function<void()> on_connected;
  };
  struct Counters {
    std::uint64_t attempts = 0;      ///< connections tried
    std::uint64_t failures = 0;      ///< of them refused, broken or without an answer
    std::uint64_t connections = 0;   ///< that stood
    std::uint64_t disconnected = 0;  ///< requests dropped for want of a connection
  };

  PeerLink(boost::asio::io_context& io, boost::asio::ip::tcp::endpoint endpoint, Hello hello,
           std::chrono::nanoseconds silence, const Bugs& bugs, Events events);
  ~PeerLink();
  PeerLink(const PeerLink&) = delete;
  PeerLink& operator=(const PeerLink&) = delete;

  void send(const Request& request);
  /// To be called every few milliseconds.
  void tick();
  /// Something came from the peer just now, "now" being about one and a half `silence`.
  [[nodiscard]] bool healthy() const;
  [[nodiscard]] const Counters& counters() const { return counters_; }

 private:
  using Time = FrameConnection::Time;
  using Connection = std::shared_ptr<FrameConnection>;

  void attempt(Time now);
  void abandon(const Connection& connection);
  void promote(const Connection& connection);
  void on_message(const Connection& connection, const Message& message);
  void on_end(const Connection& connection);
  void measure(std::uint64_t sent);

  boost::asio::io_context& io_;
  const boost::asio::ip::tcp::endpoint endpoint_;
  const Hello hello_;
  const std::chrono::nanoseconds silence_;
  const Bugs bugs_;
  const Events events_;
  Connection current_;
  std::vector<Connection> attempts_;
  Time next_attempt_{};
  Time next_ping_{};
  std::chrono::nanoseconds backoff_;  ///< after an attempt that failed at once
  std::chrono::nanoseconds round_trip_{};
  Counters counters_;
};

}  // namespace quorum_kv
