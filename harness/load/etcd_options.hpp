#pragma once

#include <chrono>
#include <vector>

#include "load/config.hpp"
#include "spec/result.hpp"

namespace withstand::load {

/// How etcd is asked. README.md of this folder explains each.
struct EtcdOptions {
  bool serializable = false;  ///< reads = "serializable": from the asked node's own copy, which may be behind
  bool failover = true;       ///< route = "failover"
  std::chrono::nanoseconds connect_timeout{};
};

/// Adds to `complaints` whatever is wrong with config.driver_options.
EtcdOptions read_etcd_options(const Config& config, std::vector<spec::Complaint>& complaints);

}  // namespace withstand::load
