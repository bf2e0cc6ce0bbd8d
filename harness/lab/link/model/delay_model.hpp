#pragma once

#include <chrono>
#include <cstdint>

#include "core/draw.hpp"
#include "core/impairment.hpp"
#include "lab/link/model/distribution.hpp"

namespace withstand::lab::link {

/// How long each packet of a stream is delayed; never less than nothing.
///
/// Correlated delays come from a chain of standard normal variables, each the one before times a, plus a new draw
/// (autoregressive of first order), carried over to the distribution rank by rank: so the distribution stays what it
/// is.
class DelayModel {
 public:
  explicit DelayModel(const core::DelaySettings& settings, Table table = {});
  /// Packet number `ordinal`; where the model has memory, packets must come in order.
  [[nodiscard]] std::chrono::nanoseconds next(const core::DrawStream& draws, std::uint64_t ordinal);
  [[nodiscard]] bool has_memory() const;
  /// What nearly every packet stays below: exact for uniform, tables and recorded delays, six deviations for the rest.
  [[nodiscard]] std::chrono::nanoseconds longest() const;

 private:
  core::DelaySettings settings_;
  Table table_;
  Distribution distribution_;
  double chain_ = 0, innovation_ = 1;  ///< a, and √(1 - a²)
  double state_ = 0;
  bool started_ = false;
};

}  // namespace withstand::lab::link
