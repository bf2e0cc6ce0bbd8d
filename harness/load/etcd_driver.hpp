#pragma once

#include <memory>

#include "load/driver.hpp"

namespace withstand::load {

/// etcd's key-value interface, version 3, through its JSON gateway. Throws std::runtime_error when an endpoint's
/// address is not numeric.
std::unique_ptr<Driver> make_etcd_driver(const Config& config, boost::asio::io_context& context);

}  // namespace withstand::load
