#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

namespace withstand::load::testing {

/// A TCP server on loopback that does what a test says with every connection; runs on the test's own io_context.
class Peer {
 public:
  struct Connection {
    explicit Connection(boost::asio::ip::tcp::socket accepted) : socket(std::move(accepted)) {}
    boost::asio::ip::tcp::socket socket;
    std::string received;  ///< not consumed yet
    char bytes[4096];
  };
  /// Called when bytes came in; takes what it uses out of `received`.
  using OnBytes = std::function<void(Connection&)>;

  Peer(boost::asio::io_context& context, OnBytes on_bytes)
      : acceptor_(context, {boost::asio::ip::make_address("127.0.0.1"), 0}), on_bytes_(std::move(on_bytes)) {
    accept();
  }
  [[nodiscard]] std::int64_t port() const { return acceptor_.local_endpoint().port(); }
  [[nodiscard]] std::size_t accepted() const { return connections_.size(); }
  /// Closes every connection; later ones are taken as before.
  void hang_up() {
    for (auto& connection : connections_) connection->socket.close();
  }
  void set(OnBytes on_bytes) { on_bytes_ = std::move(on_bytes); }

  static void reply(Connection& connection, const std::string& text) {
    boost::system::error_code ignored;
    std::size_t sent = 0;
    while (sent < text.size() && !ignored) {
      sent += connection.socket.write_some(boost::asio::buffer(text.data() + sent, text.size() - sent), ignored);
    }
  }

 private:
  void accept() {
    acceptor_.async_accept([this](const boost::system::error_code& error, boost::asio::ip::tcp::socket socket) {
      if (error) return;
      connections_.push_back(std::make_shared<Connection>(std::move(socket)));
      read(connections_.back());
      accept();
    });
  }
  void read(const std::shared_ptr<Connection>& connection) {
    connection->socket.async_read_some(boost::asio::buffer(connection->bytes),
                                       [this, connection](const boost::system::error_code& error, std::size_t count) {
                                         if (error) return;
                                         connection->received.append(connection->bytes, count);
                                         on_bytes_(*connection);
                                         if (connection->socket.is_open()) read(connection);
                                       });
  }

  boost::asio::ip::tcp::acceptor acceptor_;
  OnBytes on_bytes_;
  std::vector<std::shared_ptr<Connection>> connections_;
};

}  // namespace withstand::load::testing
