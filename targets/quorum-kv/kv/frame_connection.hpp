#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <boost/asio/ip/tcp.hpp>

#include "kv/message.hpp"

namespace quorum_kv {

/// Messages over one TCP connection. A frame that cannot be decoded ends the connection: what follows it means nothing.
/// Callbacks stop after close(). For the event loop's thread only.
class FrameConnection : public std::enable_shared_from_this<FrameConnection> {
 public:
  using Socket = boost::asio::ip::tcp::socket;
  using OnMessage = std::function<void(const Message&)>;
  using OnEnd = std::function<void()>;
  using Time = std::chrono::steady_clock::time_point;

  FrameConnection(Socket socket, bool verify_checksums);

  /// Connects, calls `connected`, and then works as after start().
  void connect(const boost::asio::ip::tcp::endpoint& endpoint, std::function<void()> connected, OnMessage on_message,
               OnEnd on_end);
  /// For a socket that is connected. `on_end`: the other side closed, or the connection broke; not after close().
  void start(OnMessage on_message, OnEnd on_end);

  /// Queued, or lost when the other side has not taken more than 2 MiB so far: coordinators repeat what matters.
  void send(const Message& message);
  void close();

  [[nodiscard]] Time opened() const { return opened_; }
  [[nodiscard]] Time last_heard() const { return last_heard_; }

 private:
  void read();
  bool take_frames();
  void write();
  void end();

  Socket socket_;
  const bool verify_checksums_;
  OnMessage on_message_;
  OnEnd on_end_;
  std::array<char, 16384> chunk_{};
  std::string inbox_;
  std::string outbox_;   ///< waits for the write that runs
  std::string writing_;  ///< being written
  bool closed_ = false;
  const Time opened_;
  Time last_heard_;
};

}  // namespace quorum_kv
