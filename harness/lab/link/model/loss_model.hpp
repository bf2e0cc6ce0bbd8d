#pragma once

#include <cstdint>

#include "core/draw.hpp"
#include "core/impairment.hpp"
#include "lab/link/model/choice.hpp"

namespace withstand::lab::link {

/// Which packets of a stream are lost.
///
/// gilbert_elliott: Gilbert, "Capacity of a burst-noise channel", 1960, and Elliott, "Estimates of error rates for
/// codes on burst-noise channels", 1963; a packet suffers the state it finds, then the state may change. markov:
/// Salsano, Ludovici, Ordine, Giannuzzi, "Definition of a general and intuitive loss model for packet networks and its
/// implementation in the Netem module in the Linux kernel", 2012; states 1 received, 2 received within a burst, 3 lost
/// within a burst, 4 lost alone; a packet suffers the state that is entered with it. Both start in the good state.
class LossModel {
 public:
  explicit LossModel(const core::LossSettings& settings);
  /// Packet number `ordinal`; where the model has memory, packets must come in order from 0.
  [[nodiscard]] bool lost(const core::DrawStream& draws, std::uint64_t ordinal);
  [[nodiscard]] bool has_memory() const;

 private:
  bool gilbert_elliott(const core::DrawStream& draws, std::uint64_t ordinal);
  bool markov(const core::DrawStream& draws, std::uint64_t ordinal);

  core::LossSettings settings_;
  ChoiceModel random_;
  int state_ = 1;
};

}  // namespace withstand::lab::link
