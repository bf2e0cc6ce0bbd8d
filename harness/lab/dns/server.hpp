#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "core/event_loop.hpp"
#include "lab/dns/message.hpp"
#include "lab/dns/sockets.hpp"

namespace withstand::lab::dns {

class TcpConnection;

/// Writes one answer; false when it cannot be written any more. May be called later, also after the server's end.
using Send = std::function<bool(ByteView reply)>;

/// Called with each message that comes in; it is valid during the call only.
using OnMessage = std::function<void(ByteView message, bool over_tcp, Send send)>;

/// The resolver's ears in one node: datagrams and connections, until it is destroyed.
class Server {
 public:
  Server(core::EventLoop& loop, Sockets sockets, OnMessage on_message);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  /// Queries over UDP that the kernel dropped unread.
  [[nodiscard]] std::uint64_t unread() const;

 private:
  void on_datagrams();
  void on_connections();

  core::EventLoop& loop_;
  std::shared_ptr<const os::Fd> udp_;
  os::Fd tcp_;
  OnMessage on_message_;
  std::map<std::uint64_t, std::shared_ptr<TcpConnection>> connections_;
  std::shared_ptr<TcpConnection> ended_;  ///< the last that did: closed, but somebody may still be inside it
  std::uint64_t accepted_ = 0;
  core::EventLoop::Registration datagrams_, incoming_;
};

}  // namespace withstand::lab::dns
