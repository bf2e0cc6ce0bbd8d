#pragma once

#include <functional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "kv/acceptor.hpp"

namespace quorum_kv {

struct HttpRequest {
  std::string method;
  std::string target;
  std::string body;
};

struct HttpResponse {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
};

/// HTTP/1.1 with kept-alive connections. For the event loop's thread only.
class HttpServer {
 public:
  using Respond = std::function<void(HttpResponse)>;
  /// Must call `respond` once, at once or later.
  using Handler = std::function<void(const HttpRequest&, Respond respond)>;

  /// Listens at once. Throws Refusal (cannot_listen).
  HttpServer(boost::asio::io_context& io, const boost::asio::ip::tcp::endpoint& endpoint, Handler handler);

  void stop_accepting() { acceptor_.close(); }

 private:
  Handler handler_;
  Acceptor acceptor_;
};

}  // namespace quorum_kv
