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
  /// How workload set adds: a key for each element; one key that is read and then written back, where it has not
  /// changed (cas), under a lock, or under a lock whose token the write must show (fenced).
  enum class Sets { keys, cas, lock, fenced } sets = Sets::keys;
  std::chrono::nanoseconds lease{};  ///< of a lock: after which it is free again; etcd counts in whole seconds
  std::chrono::nanoseconds think{};  ///< under a lock: from what was read to what is written
  std::chrono::nanoseconds connect_timeout{};
};

/// Adds to `complaints` whatever is wrong with config.driver_options.
EtcdOptions read_etcd_options(const Config& config, std::vector<spec::Complaint>& complaints);

}  // namespace withstand::load
