#pragma once

#include <memory>

#include "load/driver.hpp"

namespace withstand::load {

/// Redis: one command or script an operation, at the primary that Sentinel names (or a fixed one). Throws
/// std::runtime_error when an address is not numeric.
std::unique_ptr<Driver> make_redis_driver(const Config& config, boost::asio::io_context& context);

}  // namespace withstand::load
