#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "load/config.hpp"
#include "spec/result.hpp"

namespace withstand::load {

struct HostPort {
  std::string address;
  std::int64_t port = 0;
};

/// How the driver finds its server. README.md of this folder explains each.
struct RedisOptions {
  std::vector<HostPort> sentinels;   ///< empty: no Sentinel, `primary` is fixed
  std::string master;                ///< the name Sentinel knows the primary by
  std::string primary;               ///< without Sentinel: the node that is written to; empty: the first
  bool read_anywhere = false;        ///< reads = "any": over all nodes in turn, which Redis replicates asynchronously
  bool create_only = false;          ///< create = "set-nx": write-once through SET NX
  std::chrono::nanoseconds lease{};  ///< workload lock: after which a lock that was not given back is free again
  std::chrono::nanoseconds connect_timeout{};
};

/// Adds to `complaints` whatever is wrong with config.driver_options.
RedisOptions read_redis_options(const Config& config, std::vector<spec::Complaint>& complaints);

}  // namespace withstand::load
