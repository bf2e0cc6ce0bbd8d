#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "load/connections.hpp"
#include "load/redis_options.hpp"

namespace withstand::load {

/// Asks Sentinels who the primary is: one after the other, from the one that answered last, until one names it
/// (redis.io, "Guidelines for Redis clients with support for Redis Sentinel"). One question at a time.
class Sentinel {
 public:
  /// The endpoint's number in the connections, or why there is none.
  using Found = std::function<void(std::optional<std::size_t> endpoint, const std::string& error)>;

  Sentinel(boost::asio::io_context& context, Connections& connections, const RedisOptions& options);
  ~Sentinel();
  [[nodiscard]] bool asking() const;
  /// Not while asking().
  void ask(Found found);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace withstand::load
