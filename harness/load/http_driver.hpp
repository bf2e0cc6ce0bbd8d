#pragma once

#include <chrono>
#include <memory>

#include "load/driver.hpp"
#include "load/http_dialect.hpp"

namespace withstand::load {

/// Which node is asked, and how long its connection may take.
struct HttpRouting {
  bool failover = true;  ///< leave out who failed, or was unavailable (load/chooser.hpp)
  std::chrono::nanoseconds connect_timeout{};
};

/// HTTP/1.1 over kept connections, one request at a time on each. Throws std::runtime_error when an endpoint's address
/// is not numeric.
std::unique_ptr<Driver> make_http_driver(const Config& config, boost::asio::io_context& context,
                                         std::unique_ptr<const HttpDialect> dialect, HttpRouting routing);
/// The dialect that the options of driver "http" describe.
std::unique_ptr<Driver> make_http_driver(const Config& config, boost::asio::io_context& context);

}  // namespace withstand::load
