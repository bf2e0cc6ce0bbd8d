#pragma once

#include <cstdint>

#include "core/draw.hpp"
#include "core/event_loop.hpp"
#include "core/impairment.hpp"

namespace withstand::lab::link {

/// When a link is down: it starts up, goes down, comes up again, for times drawn evenly from their ranges. The k-th
/// times depend on the seed and k alone, so two processes that ask see the same.
class FlapModel {
 public:
  FlapModel(const core::FlapSettings& settings, const core::DrawStream& draws, core::Instant start);
  /// Instants may come in any order, but asking for one before the current change costs a walk from the start.
  [[nodiscard]] bool down(core::Instant now);
  /// How often it has gone down until `now`.
  [[nodiscard]] std::uint64_t times_down(core::Instant now);

 private:
  void find(core::Instant now);
  [[nodiscard]] core::Instant drawn(std::uint64_t ordinal, core::Instant least, core::Instant most) const;
  void rewind();

  core::FlapSettings settings_;
  core::DrawStream draws_;
  core::Instant start_;
  std::uint64_t turn_ = 0;                   ///< how many pairs of up and down are over
  core::Instant up_at_, down_at_, ends_at_;  ///< of this turn
};

}  // namespace withstand::lab::link
