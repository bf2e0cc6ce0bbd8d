#include "lab/http_get.hpp"

#include <cstdlib>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

namespace withstand::lab {
namespace beast = boost::beast;
namespace {

struct Exchange {
  explicit Exchange(boost::asio::io_context& context) : stream(context) {}
  beast::tcp_stream stream;
  beast::http::request<beast::http::empty_body> request;
  beast::flat_buffer buffer{1U << 20};
  beast::http::response<beast::http::string_body> response;
  std::function<void(int, std::string)> done;
};

}  // namespace

HttpUrl parse_http_url(const std::string& url) {
  HttpUrl parsed;
  constexpr std::string_view scheme = "http://";
  if (url.rfind(scheme, 0) != 0) return parsed;
  const std::string rest = url.substr(scheme.size());
  const auto slash = rest.find('/');
  std::string authority = rest.substr(0, slash);
  if (slash != std::string::npos) parsed.path = rest.substr(slash);
  const auto bracket = authority.rfind(']');  // [IPv6]:port
  const auto colon = authority.rfind(':');
  if (colon != std::string::npos && (bracket == std::string::npos || colon > bracket)) {
    parsed.port = std::strtol(authority.c_str() + colon + 1, nullptr, 10);
    authority.resize(colon);
  }
  if (authority.size() > 1 && authority.front() == '[') authority = authority.substr(1, authority.size() - 2);
  parsed.host = authority;
  return parsed;
}

void http_get(core::EventLoop& loop, os::Fd connected, const HttpUrl& url, std::chrono::nanoseconds timeout,
              std::function<void(int status, std::string error)> done) {
  auto exchange = std::make_shared<Exchange>(*static_cast<boost::asio::io_context*>(loop.asio_context()));
  const bool six = url.host.find(':') != std::string::npos;
  boost::system::error_code error;
  exchange->stream.socket().assign(six ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4(), connected.get(),
                                   error);
  if (error) return done(0, error.message());
  static_cast<void>(connected.release());  // the stream owns it now
  exchange->done = std::move(done);
  exchange->request = {beast::http::verb::get, url.path, 11};
  exchange->request.set(beast::http::field::host, url.host);
  exchange->request.set(beast::http::field::connection, "close");
  exchange->stream.expires_after(std::chrono::duration_cast<std::chrono::steady_clock::duration>(timeout));
  beast::http::async_write(exchange->stream, exchange->request, [exchange](beast::error_code sent, std::size_t) {
    if (sent) return exchange->done(0, sent.message());
    beast::http::async_read(exchange->stream, exchange->buffer, exchange->response,
                            [exchange](beast::error_code got, std::size_t) {
                              if (got) return exchange->done(0, got.message());
                              exchange->done(static_cast<int>(exchange->response.result_int()), "");
                            });
  });
}

}  // namespace withstand::lab
