#include "kv/peer_server.hpp"

#include <chrono>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

namespace quorum_kv {

namespace {
constexpr std::chrono::seconds longest_client_silence{15};
}

PeerServer::PeerServer(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& endpoint, Self self,
                       Replica& replica)
    : self_(std::move(self)),
      replica_(replica),
      acceptor_(io, endpoint, [this](boost::asio::ip::tcp::socket socket) { adopt(std::move(socket)); }) {}

PeerServer::~PeerServer() {
  for (const auto& [connection, greeted] : greeted_) connection->close();
}

void PeerServer::adopt(boost::asio::ip::tcp::socket socket) {
  const auto connection = std::make_shared<FrameConnection>(std::move(socket), self_.verify_checksums);
  greeted_[connection] = false;
  FrameConnection* const raw = connection.get();
  connection->start([this, raw](const Message& message) { on_message(raw->shared_from_this(), message); },
                    [this, raw] { drop(raw->shared_from_this()); });
}

void PeerServer::on_message(const Connection& connection, const Message& message) {
  const auto found = greeted_.find(connection);
  if (found == greeted_.end()) return;
  if (!found->second) {
    greet(connection, message);
    return;
  }
  const auto answer = [weak = std::weak_ptr(connection)](const Reply& reply) {
    if (const auto alive = weak.lock()) std::visit([&](const auto& any) { alive->send(any); }, reply);
  };
  if (const auto* ping = std::get_if<Ping>(&message)) connection->send(Pong{ping->sent});
  if (const auto* query = std::get_if<Query>(&message)) serve(replica_, *query, answer);
  if (const auto* store = std::get_if<Store>(&message)) serve(replica_, *store, answer);
}

void PeerServer::greet(const Connection& connection, const Message& message) {
  const auto* hello = std::get_if<Hello>(&message);
  if (hello == nullptr || hello->to != self_.name || hello->members_digest != self_.members_digest) {
    spdlog::warn("refused a connection from {}: it looks for {}, or for another cluster",
                 hello == nullptr ? "a stranger" : hello->from, hello == nullptr ? "something else" : hello->to);
    drop(connection);
    return;
  }
  greeted_[connection] = true;
  connection->send(Welcome{self_.name, self_.boot});
}

void PeerServer::drop(const Connection& connection) {
  const Connection keep = connection;
  keep->close();
  greeted_.erase(keep);
}

void PeerServer::tick() {
  const auto now = std::chrono::steady_clock::now();
  std::vector<Connection> silent;
  for (const auto& [connection, greeted] : greeted_) {
    if (now - connection->last_heard() > longest_client_silence) silent.push_back(connection);
  }
  for (const Connection& connection : silent) drop(connection);
}

}  // namespace quorum_kv
