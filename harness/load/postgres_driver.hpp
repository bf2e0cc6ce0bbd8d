#pragma once

#include <functional>
#include <memory>
#include <string>

#include "load/driver.hpp"

namespace withstand::load {

/// PostgreSQL through libpq: one row per key of one table, one statement per operation, each a transaction of its own.
/// Takes libpq's own variables (PG...) out of the environment: a run must not depend on who starts it. Throws
/// std::runtime_error without libpq.
/// `on_broken`: the tables that the workload needs could not be made.
std::unique_ptr<Driver> make_postgres_driver(const Config& config, boost::asio::io_context& context,
                                             std::function<void(const std::string&)> on_broken = nullptr);

}  // namespace withstand::load
