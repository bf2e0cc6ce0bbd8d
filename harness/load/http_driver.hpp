#pragma once

#include <memory>

#include "load/driver.hpp"

namespace withstand::load {

/// HTTP/1.1 over kept connections, one request at a time on each. Throws std::runtime_error when an endpoint's address
/// is not numeric.
std::unique_ptr<Driver> make_http_driver(const Config& config, boost::asio::io_context& context);

}  // namespace withstand::load
