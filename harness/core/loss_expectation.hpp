#pragma once

#include "core/impairment.hpp"

namespace withstand::core {

/// What a loss model comes to in the long run.
struct LossExpectation {
  double share = 0;
  /// The largest correlation that the model's memory keeps from one packet to the next, 0 without memory; below 0: not
  /// known in closed form.
  double memory = 0;
  double mean_burst = 0;  ///< packets lost in a row, on average; 0 when none is ever lost
};
LossExpectation expected_loss(const LossSettings& settings);

}  // namespace withstand::core
