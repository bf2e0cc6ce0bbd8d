#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "load/config.hpp"

namespace withstand::load {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Endpoint, node, address, port)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(RateSegment, lasting, from, to)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Config, client, epoch, seed, workload, driver, driver_options, folder, command,
                                   endpoints, rate_millihertz, arrival, segments, swing_ppb, period, trace, users,
                                   think, hold, mix, keys, zipf, hot_keys_ppb, hot_share_ppb, value_size, value_sizes,
                                   timeout, in_flight, start_limit, history, client_index, clients)

std::string to_json(const Config& config) {
  return nlohmann::json(config).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

Config config_from_json(const std::string& text) {
  try {
    return nlohmann::json::parse(text).get<Config>();
  } catch (const nlohmann::json::exception& error) {
    throw std::runtime_error(std::string("read the load's configuration: ") + error.what());
  }
}

}  // namespace withstand::load
