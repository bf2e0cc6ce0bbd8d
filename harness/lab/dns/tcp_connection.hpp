#pragma once

#include <functional>
#include <memory>

#include "core/event_loop.hpp"
#include "lab/dns/message.hpp"
#include "os/fd.hpp"

namespace withstand::lab::dns {

/// One DNS connection (RFC 7766): messages with their length in front, as many as the asker likes, in any order of
/// answers. It ends when the asker closes it, says nothing for a while, or does not read its answers.
class TcpConnection {
 public:
  /// `on_end` comes once, when the socket is closed already. It must not destroy the connection.
  TcpConnection(core::EventLoop& loop, os::Fd socket, std::function<void(ByteView)> on_message,
                std::function<void()> on_end);
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;
  /// False when it could not be written whole.
  bool send(ByteView message);

 private:
  void on_readable();
  void take_messages();
  void end();
  void expect_more();

  core::EventLoop& loop_;
  os::Fd socket_;
  std::function<void(ByteView)> on_message_;
  std::function<void()> on_end_;
  Bytes received_;
  bool broken_ = false;
  core::EventLoop::Registration readable_, silence_;
};

}  // namespace withstand::lab::dns
