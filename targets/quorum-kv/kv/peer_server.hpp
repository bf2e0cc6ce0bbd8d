#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "kv/acceptor.hpp"
#include "kv/frame_connection.hpp"
#include "kv/replica.hpp"

namespace quorum_kv {

/// Answers other members' requests from this node's replica. Requests of one connection are served as they come; a
/// store that waits for the disk holds up nothing behind it.
class PeerServer {
 public:
  struct Self {
    std::string name;
    std::uint64_t boot = 0;
    std::uint32_t members_digest = 0;
    bool verify_checksums = true;
  };

  /// Listens at once. Throws Refusal (cannot_listen).
  PeerServer(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& endpoint, Self self, Replica& replica);
  ~PeerServer();
  PeerServer(const PeerServer&) = delete;
  PeerServer& operator=(const PeerServer&) = delete;

  /// Drops connections that have been silent for long; their other end is gone, since a living one sends pings.
  void tick();

 private:
  using Connection = std::shared_ptr<FrameConnection>;
  void adopt(boost::asio::ip::tcp::socket socket);
  void on_message(const Connection& connection, const Message& message);
  void greet(const Connection& connection, const Message& message);
  void drop(const Connection& connection);

  const Self self_;
  Replica& replica_;
  std::map<Connection, bool> greeted_;  ///< connection -> a right Hello came
  Acceptor acceptor_;
};

}  // namespace quorum_kv
