#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/event_loop.hpp"

namespace withstand::load {

/// Which endpoint the next operation goes to: in turn, from a start that the seed draws. With failover, an endpoint
/// that refused or timed out is left out for a while and then gets one operation at a time as a trial until one
/// succeeds (a half-open circuit breaker), as clients and load balancers do. Where none is left, all are used in turn.
class Chooser {
 public:
  Chooser(std::size_t count, bool failover, std::uint64_t start);
  /// `count` must not be 0.
  std::size_t choose(core::Instant now);
  void succeeded(std::size_t endpoint);
  void failed(std::size_t endpoint, core::Instant now);

 private:
  struct State {
    bool suspect = false, on_trial = false;
    core::Instant until{};  ///< of being left out
  };
  std::vector<State> states_;
  bool failover_;
  std::size_t next_;
};

/// How long an endpoint that failed is left out before it is tried again.
inline constexpr std::chrono::milliseconds suspicion{500};

}  // namespace withstand::load
