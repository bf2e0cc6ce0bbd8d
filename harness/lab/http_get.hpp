#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "core/event_loop.hpp"
#include "os/fd.hpp"

namespace withstand::lab {

/// "http://host:port/path?query"; port 80 and path "/" when they are left out. Host is empty when it is no such URL.
struct HttpUrl {
  std::string host;
  std::int64_t port = 80;
  std::string path = "/";
};
HttpUrl parse_http_url(const std::string& url);

/// One GET over a connected TCP socket. `done` comes once, with the status, or 0 and why. Bodies beyond 1 MiB are an
/// error.
void http_get(core::EventLoop& loop, os::Fd connected, const HttpUrl& url, std::chrono::nanoseconds timeout,
              std::function<void(int status, std::string error)> done);

}  // namespace withstand::lab
