#pragma once

#include <memory>

#include "core/fault.hpp"

namespace withstand::faults {

std::unique_ptr<core::Fault> machine_power_cut();

}  // namespace withstand::faults
