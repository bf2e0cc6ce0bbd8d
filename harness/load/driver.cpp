#include "load/driver.hpp"

#include <stdexcept>

#include <fmt/format.h>

#include "load/etcd_driver.hpp"
#include "load/exec_driver.hpp"
#include "load/http_driver.hpp"
#include "load/postgres_driver.hpp"
#include "load/redis_driver.hpp"

namespace withstand::load {

record::Outcome settle(Request::Kind kind, Fate fate) {
  if (fate == Fate::done) return record::Outcome::ok;
  if (kind == Request::Kind::read || fate != Fate::unknown) return record::Outcome::fail;
  return record::Outcome::info;
}

std::unique_ptr<Driver> make_driver(const Config& config, boost::asio::io_context& context,
                                    std::function<void(const std::string&)> on_broken) {
  if (config.driver == "etcd") return make_etcd_driver(config, context);
  if (config.driver == "http") return make_http_driver(config, context);
  if (config.driver == "postgres") return make_postgres_driver(config, context);
  if (config.driver == "redis") return make_redis_driver(config, context);
  if (config.driver == "exec") return make_exec_driver(config, context, std::move(on_broken));
  throw std::runtime_error(fmt::format("there is no driver '{}'", config.driver));
}

}  // namespace withstand::load
