#include "load/connections.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <unordered_map>
#include <utility>
#include <vector>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace withstand::load {
namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using boost::system::error_code;

namespace {

std::string words_for(const error_code& error) {
  if (error == asio::error::eof) return "connection closed before the answer";
  std::string words = error.message();
  if (!words.empty()) words.front() = static_cast<char>(std::tolower(static_cast<unsigned char>(words.front())));
  return words;
}

}  // namespace

struct Connections::Impl {
  Impl(asio::io_context& used, std::chrono::nanoseconds timeout) : context(used), connect_timeout(timeout) {}

  void open(const std::shared_ptr<Connection>& connection);
  void send(const std::shared_ptr<Connection>& connection);
  void listen(const std::shared_ptr<Connection>& connection);
  void on_bytes(const std::shared_ptr<Connection>& connection, const error_code& error, std::size_t count);
  void finish(const std::shared_ptr<Connection>& connection, Result result, bool reuse);
  void close(const std::shared_ptr<Connection>& connection);

  asio::io_context& context;
  std::chrono::nanoseconds connect_timeout;
  std::vector<tcp::endpoint> endpoints;
  std::vector<std::vector<std::shared_ptr<Connection>>> idle;  // per endpoint, the last used at the back
  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> busy;
};

struct Connections::Connection {
  Connection(asio::io_context& context, std::size_t where) : socket(context), timer(context), endpoint(where) {}

  enum class Stage { connecting, sending, idle, closed };
  tcp::socket socket;
  asio::steady_timer timer;  // of connecting
  std::size_t endpoint;
  Stage stage = Stage::connecting;
  std::uint64_t id = 0;
  std::string request;
  std::unique_ptr<Reply> reply;
  Done done;
  bool written = true;  // nothing of the request is still in the hands of a write
  std::array<char, 4096> bytes;
};

void Connections::Impl::open(const std::shared_ptr<Connection>& connection) {
  connection->timer.expires_after(connect_timeout);
  connection->timer.async_wait([this, connection](const error_code& error) {
    if (error || connection->stage != Connection::Stage::connecting) return;
    finish(connection, {Fate::not_sent, "no connection in time"}, false);
  });
  connection->socket.async_connect(endpoints[connection->endpoint], [this, connection](const error_code& error) {
    if (connection->stage != Connection::Stage::connecting) return;
    if (error) return finish(connection, {Fate::not_sent, words_for(error)}, false);
    connection->timer.cancel();
    error_code ignored;
    connection->socket.set_option(tcp::no_delay(true), ignored);
    listen(connection);
    send(connection);
  });
}

void Connections::Impl::send(const std::shared_ptr<Connection>& connection) {
  connection->stage = Connection::Stage::sending;
  connection->written = false;
  asio::async_write(connection->socket, asio::buffer(connection->request),
                    [this, connection](const error_code& error, std::size_t count) {
                      connection->written = true;
                      if (!error || connection->stage != Connection::Stage::sending) return;
                      const auto fate = count == 0 ? Fate::not_sent : Fate::unknown;
                      finish(connection, {fate, words_for(error)}, false);
                    });
}

void Connections::Impl::listen(const std::shared_ptr<Connection>& connection) {
  connection->socket.async_read_some(asio::buffer(connection->bytes),
                                     [this, connection](const error_code& error, std::size_t count) {
                                       if (connection->stage == Connection::Stage::closed) return;
                                       on_bytes(connection, error, count);
                                     });
}

void Connections::Impl::on_bytes(const std::shared_ptr<Connection>& connection, const error_code& error,
                                 std::size_t count) {
  if (connection->stage == Connection::Stage::idle) return close(connection);
  Reply::State state = Reply::State::malformed;
  if (!error) {
    state = connection->reply->take({connection->bytes.data(), count});
  } else if (error == asio::error::eof) {
    state = connection->reply->end();
  }
  if (state == Reply::State::more) return listen(connection);
  if (state == Reply::State::malformed) {
    finish(connection, {Fate::unknown, error ? words_for(error) : "the answer cannot be read"}, false);
  } else {
    finish(connection, {Fate::done, ""}, !error && connection->written && connection->reply->keep_alive());
  }
}

void Connections::Impl::finish(const std::shared_ptr<Connection>& connection, Result result, bool reuse) {
  busy.erase(connection->id);
  const auto done = std::exchange(connection->done, nullptr);
  const auto reply = std::move(connection->reply);
  if (reuse) {
    connection->stage = Connection::Stage::idle;
    idle[connection->endpoint].push_back(connection);
    listen(connection);
  } else {
    close(connection);
  }
  done(result, *reply);
}

void Connections::Impl::close(const std::shared_ptr<Connection>& connection) {
  if (connection->stage == Connection::Stage::idle) std::erase(idle[connection->endpoint], connection);
  connection->stage = Connection::Stage::closed;
  connection->timer.cancel();
  error_code ignored;
  connection->socket.close(ignored);
}

Connections::Connections(asio::io_context& context, std::chrono::nanoseconds connect_timeout)
    : impl_(std::make_unique<Impl>(context, connect_timeout)) {}

Connections::~Connections() {
  while (!impl_->busy.empty()) (void)abandon(impl_->busy.begin()->first);
  for (auto& kept : impl_->idle) {
    while (!kept.empty()) impl_->close(std::shared_ptr<Connection>(kept.back()));
  }
}

std::size_t Connections::add(const std::string& address, std::int64_t port) {
  error_code error;
  const auto numeric = asio::ip::make_address(address, error);
  if (error || port < 1 || port > 65'535) {
    throw std::runtime_error(fmt::format("'{}:{}' is no numeric address and port", address, port));
  }
  const tcp::endpoint endpoint(numeric, static_cast<std::uint16_t>(port));
  auto& known = impl_->endpoints;
  const auto found = std::find(known.begin(), known.end(), endpoint);
  if (found != known.end()) return static_cast<std::size_t>(found - known.begin());
  known.push_back(endpoint);
  impl_->idle.emplace_back();
  return known.size() - 1;
}

void Connections::exchange(std::uint64_t id, std::size_t endpoint, std::string request, std::unique_ptr<Reply> reply,
                           Done done) {
  auto& kept = impl_->idle.at(endpoint);
  const bool fresh = kept.empty();
  const auto connection = fresh ? std::make_shared<Connection>(impl_->context, endpoint) : kept.back();
  if (!fresh) kept.pop_back();
  connection->id = id;
  connection->request = std::move(request);
  connection->reply = std::move(reply);
  connection->done = std::move(done);
  impl_->busy.emplace(id, connection);
  if (fresh) {
    impl_->open(connection);
  } else {
    impl_->send(connection);
  }
}

Fate Connections::abandon(std::uint64_t id) {
  const auto found = impl_->busy.find(id);
  if (found == impl_->busy.end()) return Fate::not_sent;
  const auto connection = found->second;
  const auto fate = connection->stage == Connection::Stage::connecting ? Fate::not_sent : Fate::unknown;
  impl_->busy.erase(found);
  impl_->close(connection);
  connection->done = nullptr;
  return fate;
}

}  // namespace withstand::load
