#include "load/config.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "load/etcd_options.hpp"
#include "load/exec_driver.hpp"
#include "load/http_options.hpp"
#include "load/plan.hpp"
#include "load/postgres_options.hpp"
#include "load/redis_options.hpp"
#include "spec/diagnostic.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::load {
namespace {

const std::vector<std::string> workloads = {"register", "write-once"};
const std::vector<std::string> operations = {"read", "write"};

class Objector {
 public:
  void one_of(const std::string& what, const std::string& given, const std::vector<std::string>& known) {
    if (std::find(known.begin(), known.end(), given) != known.end()) return;
    const auto near = spec::nearest(given, known);
    say(given.empty() ? fmt::format("the load names no {}", what) : fmt::format("there is no {} '{}'", what, given),
        near.empty() ? fmt::format("there are: {}", fmt::join(known, ", ")) : fmt::format("did you mean '{}'?", near));
  }
  void within(const std::string& what, std::int64_t given, std::int64_t least, std::int64_t greatest) {
    if (given < least || given > greatest) {
      say(fmt::format("{} is {}", what, given), fmt::format("it goes from {} to {}", least, greatest));
    }
  }
  void say(std::string message, std::string help) { found.push_back({std::move(message), std::move(help)}); }

  std::vector<spec::Complaint> found;
};

void object_to_mix(const Config& config, Objector& objector) {
  std::int64_t sum = 0;
  for (const auto& [kind, weight] : config.mix.empty() ? default_mix(config.workload) : config.mix) {
    objector.one_of("operation", kind, operations);
    objector.within(fmt::format("the share of '{}' in the mix", kind), weight, 0, 1'000'000);
    sum += weight;
  }
  if (sum <= 0) objector.say("the mix has no operations", "give at least one operation a share above 0");
  const auto writes = config.mix.find("write");
  if (config.workload == "write-once" && !config.mix.empty() && (writes == config.mix.end() || writes->second <= 0)) {
    objector.say("workload 'write-once' without writes", "it reads only what it wrote; give 'write' a share");
  }
}

}  // namespace

Config make_config(const spec::Experiment& experiment, const core::Topology& topology, const core::NodeInfo& client,
                   const std::map<std::string, std::string>& driver_options, std::uint64_t seed, std::int64_t epoch,
                   const std::string& history) {
  const spec::LoadSpec& load = experiment.load.value();
  Config out;
  out.client = client.name;
  out.epoch = epoch;
  out.seed = seed;
  out.workload = load.workload;
  out.driver = load.driver.empty() ? experiment.target.driver : load.driver;
  out.driver_options = driver_options;
  for (const auto id : topology.targets()) {
    const auto& node = topology.at(id);
    if (node.serves_clients) out.endpoints.push_back({node.name, node.address, node.first_port});
  }
  out.rate_millihertz = load.rate.millihertz;
  out.mix = load.mix;
  out.keys = load.keys;
  out.value_size = load.value_size.count;
  out.timeout = load.timeout.count();
  out.in_flight = load.in_flight;
  out.history = history;
  out.client_index = client.index - 1;
  out.clients = load.clients;
  return out;
}

std::vector<spec::Complaint> option_objections(const Config& config) {
  std::vector<spec::Complaint> found;
  if (config.driver == "etcd") (void)read_etcd_options(config, found);
  if (config.driver == "http") (void)read_http_options(config, found);
  if (config.driver == "postgres") (void)read_postgres_options(config, found);
  if (config.driver == "redis") (void)read_redis_options(config, found);
  return found;
}

std::vector<spec::Complaint> objections(const Config& config) {
  Objector objector;
  objector.one_of("workload", config.workload, workloads);
  objector.one_of("driver", config.driver, spec::drivers());
  objector.one_of("arrival", config.arrival, {"constant", "poisson"});
  object_to_mix(config, objector);
  objector.within("the rate, in thousandths of an operation per second,", config.rate_millihertz, 1, 1'000'000'000);
  objector.within("the number of keys", config.keys, 1, 1'000'000'000);
  objector.within("the size of a value, in bytes,", config.value_size, 0, 64 << 20);
  objector.within("the timeout, in ns,", config.timeout, 1'000'000, 3'600'000'000'000);
  objector.within("the number of operations under way", config.in_flight, 1, 65'536);
  objector.within("the number of clients", config.clients, 1, 10'000);
  objector.within("the client's index", config.client_index, 0, config.clients - 1);
  const auto of_driver = config.driver == "exec" ? exec_objections(config) : option_objections(config);
  objector.found.insert(objector.found.end(), of_driver.begin(), of_driver.end());
  if (config.endpoints.empty() && config.driver != "exec") {
    objector.say("no node serves clients", "target.toml: a kind with a port and serves_clients = true");
  }
  for (const auto& endpoint : config.endpoints) {
    if (config.driver != "exec") {
      objector.within(fmt::format("the port of node '{}'", endpoint.node), endpoint.port, 1, 65'535);
    }
  }
  return std::move(objector.found);
}

}  // namespace withstand::load
