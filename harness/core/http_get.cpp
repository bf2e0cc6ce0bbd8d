#include "core/http_get.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <fmt/format.h>

namespace withstand::core {
namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

struct Exchange : std::enable_shared_from_this<Exchange> {
  Exchange(boost::asio::io_context& context, std::function<void(HttpAnswer)> callback)
      : stream(context), done(std::move(callback)) {}

  void write() {
    http::async_write(stream, request, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (error == beast::error::timeout) return self->done(self->answer(error));
      self->read();  // even after an error: a server may answer and close before it has read everything
    });
  }

  void read() {
    http::async_read(stream, buffer, parser, [self = shared_from_this()](beast::error_code error, std::size_t) {
      self->done(self->answer(error));
    });
  }

  HttpAnswer answer(const beast::error_code& error) {
    if (error == beast::error::timeout) return {0, "", "timeout"};
    if (error == http::error::end_of_stream) return {0, "", "closed without an answer"};
    if (error) return {0, "", error.message()};
    return {static_cast<int>(parser.get().result_int()), std::move(parser.get().body()), ""};
  }

  beast::tcp_stream stream;
  std::function<void(HttpAnswer)> done;
  http::request<http::empty_body> request;
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
};

/// The port after the last colon; nothing when it is none.
std::optional<std::int64_t> parse_port(std::string_view text) {
  std::int64_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size() || port < 1 || port > 65535) return std::nullopt;
  return port;
}

}  // namespace

std::optional<HttpUrl> parse_http_url(std::string_view url) {
  constexpr std::string_view scheme = "http://";
  if (!url.starts_with(scheme)) return std::nullopt;
  // Each would end the request's line early.
  if (std::any_of(url.begin(), url.end(), [](unsigned char c) { return c <= ' ' || c == 0x7f; })) return std::nullopt;
  std::string_view authority = url.substr(scheme.size());
  HttpUrl parsed;
  if (const auto slash = authority.find_first_of("/?"); slash != std::string_view::npos) {
    parsed.path = std::string(authority.substr(slash));
    if (parsed.path.front() == '?') parsed.path.insert(0, "/");
    authority = authority.substr(0, slash);
  }
  const auto bracket = authority.rfind(']');
  const auto colon = authority.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const auto port = parse_port(authority.substr(colon + 1));
    if (!port) return std::nullopt;
    parsed.port = *port;
    authority = authority.substr(0, colon);
  }
  if (authority.starts_with('[') && authority.ends_with(']')) authority = authority.substr(1, authority.size() - 2);
  if (authority.empty() || authority.find_first_of("@[] ") != std::string_view::npos) return std::nullopt;
  parsed.host = std::string(authority);
  return parsed;
}

void http_get(EventLoop& loop, os::Fd connected, const HttpUrl& url, std::chrono::nanoseconds timeout,
              std::function<void(HttpAnswer)> done, std::uint64_t body_limit) {
  auto& context = *static_cast<boost::asio::io_context*>(loop.asio_context());
  auto exchange = std::make_shared<Exchange>(context, std::move(done));
  beast::error_code error;
  // The family matters only for connecting and binding, and it is connected.
  exchange->stream.socket().assign(boost::asio::ip::tcp::v4(), connected.get(), error);
  if (error) {
    loop.post([exchange, error] { exchange->done({0, "", error.message()}); });
    return;
  }
  static_cast<void>(connected.release());  // the stream owns it now
  const bool six = url.host.find(':') != std::string::npos;
  exchange->request = {http::verb::get, url.path, 11};
  exchange->request.set(http::field::host,
                        fmt::format("{}{}{}:{}", six ? "[" : "", url.host, six ? "]" : "", url.port));
  exchange->request.set(http::field::connection, "close");
  exchange->request.set(http::field::user_agent, "withstand");
  exchange->parser.body_limit(body_limit);
  exchange->stream.expires_after(timeout);
  exchange->write();
}

}  // namespace withstand::core
