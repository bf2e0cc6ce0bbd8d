#pragma once

#include <cstdint>

namespace withstand::load {

/// What a load process says of itself once it has stopped. Times in ns.
struct Summary {
  std::uint64_t planned = 0;  ///< operations that came due; ok + fail + info + dropped
  std::uint64_t ok = 0, fail = 0, info = 0, dropped = 0;
  std::uint64_t late = 0;                              ///< handed to the driver more than late_after past their time
  std::uint64_t most_in_flight = 0;                    ///< highest number of operations under way at once
  std::int64_t lag_p50 = 0, lag_p99 = 0, lag_max = 0;  ///< the generator's own: handed to the driver minus due
};

/// An operation counts as late when the generator itself hands it over this long after it was due.
inline constexpr std::int64_t late_after = 1'000'000;

/// How reading back went.
struct FinalReads {
  std::uint64_t wanted = 0;  ///< (key, node) pairs
  std::uint64_t read = 0;    ///< of them answered
  std::uint64_t failed = 0;  ///< of them never answered, for all attempts
};

}  // namespace withstand::load
