#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "load/config.hpp"
#include "spec/result.hpp"

namespace withstand::load {

/// How reads and writes look over HTTP. `{key}` and `{value}` stand in paths and bodies; both hold only letters,
/// digits, '-' and '.', so no escaping is needed. README.md of this folder explains each.
struct HttpOptions {
  std::string read_method, read_path, read_body;
  std::string write_method, write_path, write_body;
  std::string content_type;
  std::string pointer;                 ///< RFC 6901, to the value in a read's answer; empty: the whole body
  std::set<std::int64_t> ok, missing;  ///< statuses: done; done, and the key was never written
  std::set<std::int64_t> refused;      ///< statuses that say: certainly not done
  std::string outcome_pointer;         ///< where a failing answer says what became of the request
  std::string outcome_none;            ///< and what it says there when it was certainly not done
  std::set<std::int64_t> unavailable;  ///< statuses after which failover leaves the node out for a while
  bool failover = true;                ///< route = "failover"
  std::chrono::nanoseconds connect_timeout{};
};

/// Adds to `complaints` whatever is wrong with config.driver_options.
HttpOptions read_http_options(const Config& config, std::vector<spec::Complaint>& complaints);

}  // namespace withstand::load
