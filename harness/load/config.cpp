#include "load/config.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "load/arrivals.hpp"
#include "load/driver.hpp"
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
  static const std::vector<std::string> any{"read", "write"};
  const auto* workload = spec::find_workload(config.workload);
  const auto& operations = workload == nullptr ? any : workload->operations;
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

/// The stretches that the experiment's words make, from the load's start on.
std::vector<RateSegment> segments_of(const spec::LoadSpec& load, const spec::PhasesSpec& phases) {
  std::vector<RateSegment> out;
  const std::int64_t rate = load.rate.millihertz;
  for (const auto& step : load.shape.steps)
    out.push_back({step.lasting.count(), step.rate.millihertz, step.rate.millihertz});
  if (!load.shape.ramp) return out;
  const auto& ramp = *load.shape.ramp;
  if (!ramp.each_phase) return {{ramp.over.count(), rate, ramp.to.millihertz}};
  out.push_back({phases.warm_up.count(), rate, rate});
  for (const auto phase : {phases.before, phases.during, phases.after}) {
    const auto over = std::min(ramp.over, phase);
    const auto reached =
        rate + static_cast<std::int64_t>(static_cast<double>(ramp.to.millihertz - rate) *
                                         static_cast<double>(over.count()) / static_cast<double>(ramp.over.count()));
    out.push_back({over.count(), rate, reached});
    out.push_back({(phase - over).count(), rate, rate});
  }
  std::erase_if(out, [](const RateSegment& segment) { return segment.lasting <= 0; });
  out.push_back({1, rate, rate});
  return out;
}

void take_shape(const spec::Experiment& experiment, Config& out) {
  const spec::LoadSpec& load = *experiment.load;
  out.arrival = load.arrival;
  out.segments = segments_of(load, experiment.phases);
  if (load.shape.sine) {
    out.swing_ppb = load.shape.sine->swing.ppb;
    out.period = load.shape.sine->period.count();
  }
  if (!load.shape.trace.empty()) out.trace = trace_path(experiment.file, load.shape.trace);
  out.zipf = load.popularity.zipf;
  out.hot_keys_ppb = load.popularity.hot_keys.ppb;
  out.hot_share_ppb = load.popularity.hot_share.ppb;
  for (const auto& [size, weight] : load.value_sizes) out.value_sizes.emplace_back(size.count, weight);
  // Users are dealt to the clients in turn.
  out.users = load.users / load.clients + (out.client_index < load.users % load.clients ? 1 : 0);
  out.think = load.think.count();
  out.hold = load.hold.count();
}

void object_to_shape(const Config& config, Objector& objector) {
  objector.one_of("arrival", config.arrival, {"constant", "poisson"});
  for (const auto& segment : config.segments) {
    objector.within("the length of a step, in ns,", segment.lasting, 1, std::int64_t{7} * 86'400'000'000'000);
    objector.within("a rate, in thousandths of an operation per second,", std::min(segment.from, segment.to), 1,
                    1'000'000'000);
  }
  if (config.period > 0) objector.within("the swing, in ppb,", config.swing_ppb, 1, 999'999'999);
  if (!config.trace.empty()) {
    try {
      (void)read_trace(config.trace);
    } catch (const std::runtime_error& error) {
      objector.say(error.what(), "seconds from the start of the load, one a line, in ascending order");
    }
  }
  objector.within("the number of users", config.users, 0, 100'000);
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
  take_shape(experiment, out);
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
  objector.one_of("workload", config.workload, spec::names_of(spec::workloads()));
  objector.one_of("driver", config.driver, spec::drivers());
  object_to_shape(config, objector);
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
  if (spec::find_workload(config.workload) != nullptr) {
    for (auto& one : driver_objections(config.driver, config.workload)) objector.found.push_back(std::move(one));
  }
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
