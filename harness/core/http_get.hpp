#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/event_loop.hpp"
#include "os/fd.hpp"

namespace withstand::core {

/// "http://host:port/path?query". Port 80 and path "/" where they are left out; an IPv6 host is without its brackets.
struct HttpUrl {
  std::string host;
  std::int64_t port = 80;
  std::string path = "/";
};
/// Nothing when it is no such URL; other schemes, user names, blanks and control characters are none.
std::optional<HttpUrl> parse_http_url(std::string_view url);

struct HttpAnswer {
  int status = 0;  ///< 0: there was no answer, see `error`
  std::string body;
  std::string error;  ///< "timeout", "Connection reset by peer"
};

/// One GET (HTTP/1.1, Connection: close; RFC 9112) over a connected, non-blocking TCP socket. `done` comes once, from
/// the loop. A body beyond `body_limit` bytes is an error.
void http_get(EventLoop& loop, os::Fd connected, const HttpUrl& url, std::chrono::nanoseconds timeout,
              std::function<void(HttpAnswer)> done, std::uint64_t body_limit = 4U << 20);

}  // namespace withstand::core
