#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "load/config.hpp"
#include "spec/result.hpp"

namespace withstand::load {

/// How PostgreSQL is asked. README.md of this folder explains each.
struct PostgresOptions {
  std::string primary;         ///< the node that is asked; empty: the first
  bool read_anywhere = false;  ///< reads = "any": every node in turn, standbys too, which may be behind
  std::string table;           ///< (key text primary key, value text not null)
  /// libpq's parameters: ours, and those of `connection` in their place.
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string isolation;         ///< of transactions of several statements, in SQL's words
  bool mixed_commits = false;    ///< commit = "mixed": every other such transaction with synchronous_commit = local
  std::int64_t connections = 0;  ///< most per node; what is due beyond waits for one
  bool wait_on_timeout = false;  ///< on_timeout = "wait": connections wait for what was given up, as long as TCP does
  std::optional<std::chrono::nanoseconds> connect_timeout;  ///< none: as long as TCP does
};

/// Adds to `complaints` whatever is wrong with config.driver_options.
PostgresOptions read_postgres_options(const Config& config, std::vector<spec::Complaint>& complaints);

}  // namespace withstand::load
