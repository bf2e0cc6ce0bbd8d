#include "kv/http_server.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include "kv/bytes.hpp"

namespace quorum_kv {

namespace {

namespace http = boost::beast::http;
using boost::system::error_code;
constexpr std::chrono::seconds idle_limit{120};

class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(Acceptor::Socket socket, const HttpServer::Handler& handler) : stream_(std::move(socket)), handler_(handler) {
    error_code ignored;
    stream_.socket().set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  }

  void read() {
    parser_.emplace();
    parser_->body_limit(max_value_size);
    stream_.expires_after(idle_limit);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](const error_code& error, std::size_t) {
      if (error == http::error::body_limit) {
        self->write({413, R"({"error":"the value is longer than 1 MiB","outcome":"none"})"}, false);
      } else if (!error) {
        self->handle();
      }
    });
  }

 private:
  void handle() {
    auto& message = parser_->get();
    const HttpRequest request{std::string(message.method_string()), std::string(message.target()),
                              std::move(message.body())};
    stream_.expires_never();
    handler_(request, [self = shared_from_this(), keep = message.keep_alive()](HttpResponse response) {
      self->write(std::move(response), keep);
    });
  }

  void write(HttpResponse response, bool keep_alive) {
    response_ = {};
    response_.version(11);
    response_.result(response.status);
    response_.set(http::field::content_type, response.content_type);
    response_.keep_alive(keep_alive);
    response_.body() = std::move(response.body);
    response_.prepare_payload();
    stream_.expires_after(idle_limit);
    http::async_write(stream_, response_,
                      [self = shared_from_this(), keep_alive](const error_code& error, std::size_t) {
                        if (!error && keep_alive) self->read();
                      });
  }

  boost::beast::tcp_stream stream_;
  const HttpServer::Handler& handler_;
  boost::beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::string_body>> parser_;
  http::response<http::string_body> response_;
};

}  // namespace

HttpServer::HttpServer(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& endpoint, Handler handler)
    : handler_(std::move(handler)), acceptor_(io, endpoint, [this](Acceptor::Socket socket) {
        std::make_shared<Session>(std::move(socket), handler_)->read();
      }) {}

}  // namespace quorum_kv
