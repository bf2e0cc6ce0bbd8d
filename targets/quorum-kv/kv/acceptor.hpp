#pragma once

#include <functional>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace quorum_kv {

/// Listens, and hands over every connection that comes. When the process is out of descriptors it pauses briefly
/// rather than spin.
class Acceptor {
 public:
  using Socket = boost::asio::ip::tcp::socket;

  /// Throws Refusal (cannot_listen).
  Acceptor(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& endpoint,
           std::function<void(Socket)> on_connection);

  void close();

 private:
  void accept();

  boost::asio::ip::tcp::acceptor acceptor_;
  boost::asio::steady_timer pause_;
  std::function<void(Socket)> on_connection_;
};

}  // namespace quorum_kv
