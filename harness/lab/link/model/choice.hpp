#pragma once

#include <cstdint>

#include "core/draw.hpp"
#include "core/impairment.hpp"

namespace withstand::lab::link {

/// Chooses packets with a probability p and a correlation ρ between neighbours.
///
/// A Markov chain of two states, whose share is p exactly and whose autocorrelation at distance k is ρ^k: after a
/// chosen packet the next one is chosen with p + ρ(1 - p), after another with p(1 - ρ). netem instead averages uniform
/// draws, which are uniform no longer: a loss of 0.3 % with a correlation of 25 %, its manual's own example, loses
/// nothing there.
class ChoiceModel {
 public:
  explicit ChoiceModel(const core::Choice& settings);
  /// Packet number `ordinal` of the stream. Without correlation the order of calls does not matter.
  [[nodiscard]] bool next(const core::DrawStream& draws, std::uint64_t ordinal);
  [[nodiscard]] bool has_memory() const { return memory_; }

 private:
  std::int64_t after_chosen_, after_other_;
  std::int64_t first_;
  bool memory_;
  bool started_ = false, last_ = false;
};

}  // namespace withstand::lab::link
