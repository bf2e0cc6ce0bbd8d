#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/topology.hpp"
#include "spec/experiment.hpp"
#include "spec/result.hpp"

namespace withstand::load {

/// A place where the target can be asked.
struct Endpoint {
  std::string node;
  std::string address;  ///< numeric, IPv4 or IPv6
  std::int64_t port = 0;
};

/// A stretch of the load in which the rate goes from one figure to another in a straight line; in thousandths of an
/// operation per second, over all clients. What follows the last one goes on at its `to`.
struct RateSegment {
  std::int64_t lasting = 0;  ///< ns
  std::int64_t from = 0, to = 0;
};

/// Everything one load process must know; travels to it as its first control message. Value type.
struct Config {
  std::string client = "client";  ///< this client's node name
  std::int64_t epoch = 0;         ///< CLOCK_MONOTONIC ns from which every recorded time counts
  std::uint64_t seed = 0;
  std::string workload;  ///< one of spec::workloads()
  std::string driver;    ///< one of spec::drivers()
  std::map<std::string, std::string> driver_options;
  std::string folder;                       ///< driver "exec": where the program runs; empty: where the load does
  std::vector<std::string> command;         ///< driver "exec"
  std::vector<Endpoint> endpoints;          ///< nodes that serve clients, in topology order
  std::int64_t rate_millihertz = 100'000;   ///< of all clients together
  std::string arrival = "constant";         ///< or "poisson"
  std::vector<RateSegment> segments;        ///< from the load's start; empty: the rate is the same all the time
  std::int64_t swing_ppb = 0, period = 0;   ///< a sine around the rate: its swing, and its period in ns; 0: none
  std::string trace;                        ///< a file of arrival times instead of a rate; empty: none
  std::int64_t users = 0;                   ///< closed loop: this client's; 0: open loop
  std::int64_t think = 0;                   ///< closed loop: mean ns from an answer to the next operation
  std::int64_t hold = 20'000'000;           ///< workload "lock": ns for which a holder keeps it
  std::map<std::string, std::int64_t> mix;  ///< weights of the workload's operations; empty: its own
  std::int64_t keys = 16;                   ///< how many registers, lists, sets, accounts
  double zipf = 0;                          ///< exponent of the keys' popularity; 0: none
  std::int64_t hot_keys_ppb = 0, hot_share_ppb = 0;                ///< share of the keys, and of what goes to them
  std::int64_t value_size = 16;                                    ///< bytes; never shorter than its unique name
  std::vector<std::pair<std::int64_t, std::int64_t>> value_sizes;  ///< bytes and weight; empty: all alike
  std::int64_t timeout = 1'000'000'000;       ///< ns from when the operation is handed to the driver
  std::int64_t in_flight = 256;               ///< beyond it an operation that is due is recorded as dropped
  std::int64_t start_limit = 30'000'000'000;  ///< driver "exec": ns until the program must have said that it is ready
  std::string history;                        ///< file that operations are appended to, JSON lines (record/history.hpp)
  std::int64_t client_index = 0, clients = 1;  ///< this client takes every `clients`-th operation of the plan
};

/// The configuration of `client` (a client node of `topology`). `experiment.load` must be set; `driver_options` are the
/// target's with every placeholder already replaced; `command` and `folder` are left to the caller; `epoch` and
/// `history` as in Config.
Config make_config(const spec::Experiment& experiment, const core::Topology& topology, const core::NodeInfo& client,
                   const std::map<std::string, std::string>& driver_options, std::uint64_t seed, std::int64_t epoch,
                   const std::string& history);

/// What is wrong with a configuration: unknown workload, driver or driver option, values out of range. Empty: nothing.
/// Cheap; meant for `plan` and preflight as well.
std::vector<spec::Complaint> objections(const Config& config);
/// The part of it that is about `driver_options`, which look at `driver`, `endpoints` and `timeout` alone. An exec
/// program may have any.
std::vector<spec::Complaint> option_objections(const Config& config);

std::string to_json(const Config& config);
/// Throws std::runtime_error when the text is not a configuration (it comes from our own orchestrator).
Config config_from_json(const std::string& text);

}  // namespace withstand::load
