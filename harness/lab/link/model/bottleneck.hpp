#pragma once

#include <chrono>
#include <cstdint>

#include "core/event_loop.hpp"
#include "core/impairment.hpp"

namespace withstand::lab::link {

/// When packets leave a link of limited rate: a token bucket (RFC 2697 §3 without its colours) that packets wait for
/// instead of being dropped, in the form of a virtual clock. Without burst each packet takes its own time on the wire,
/// one after the other. Times are exact: what a division leaves is carried over, so the rate holds over any length.
class Bottleneck {
 public:
  /// Rates above 0. The ramp, where there is one, starts at `start`.
  Bottleneck(const core::RateSettings& settings, core::Instant start);
  /// For a packet of so many bytes on the wire that comes at `now`; neither may fall behind the one before.
  [[nodiscard]] core::Instant leaves(core::Instant now, std::uint64_t wire_bytes);
  /// As if nothing had come before `now`; a ramp goes on.
  void begin_anew(core::Instant now) { clock_ = now; }
  [[nodiscard]] std::int64_t bits_per_second(core::Instant now) const;

 private:
  core::RateSettings settings_;
  core::Instant start_;
  core::Instant clock_;             ///< when everything so far would have left without a burst
  std::uint64_t remainder_ = 0;     ///< of the last division, in bits · 10^9
  std::int64_t divided_by_ = 0;     ///< the rate it is a remainder of
  std::chrono::nanoseconds burst_;  ///< how far packets may be ahead of the clock
};

/// A packet's size where its time on the wire is counted: with overhead, in whole cells (tc-netem(8), `rate`).
std::uint64_t wire_bytes(const core::RateSettings& settings, std::uint32_t packet_bytes);

}  // namespace withstand::lab::link
