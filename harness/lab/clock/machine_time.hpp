#pragma once

#include "lab/clock/domain.hpp"

namespace withstand::lab::clock {

/// The machine's clocks now, as nearly of one instant as several readings can be (some 50 ns).
MachineTime machine_time();
/// CLOCK_MONOTONIC now.
Ns steady_now();

}  // namespace withstand::lab::clock
