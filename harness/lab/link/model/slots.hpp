#pragma once

#include <cstdint>

#include "core/draw.hpp"
#include "core/event_loop.hpp"
#include "core/impairment.hpp"

namespace withstand::lab::link {

/// A link that delivers in bursts, as radio and powerline do: packets wait for the next slot, and a slot takes only so
/// many packets or bytes (tc-netem(8), `slot`). The time from slot to slot is drawn evenly from slot_min to slot_max.
class Slots {
 public:
  Slots(const core::RateSettings& settings, const core::DrawStream& draws, core::Instant start);
  /// For a packet that is ready at `ready`, which must not fall.
  [[nodiscard]] core::Instant leaves(core::Instant ready, std::uint32_t bytes);
  /// The next slot is the first after `now`.
  void begin_anew(core::Instant now);

 private:
  void open_next();

  core::RateSettings settings_;
  core::DrawStream draws_;
  std::uint64_t drawn_ = 0;
  core::Instant slot_;
  std::int64_t packets_left_ = 0, bytes_left_ = 0;
};

}  // namespace withstand::lab::link
