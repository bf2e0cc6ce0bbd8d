#pragma once

#include <memory>

#include "core/fault.hpp"

namespace withstand::faults {

std::unique_ptr<core::Fault> network_latency();
std::unique_ptr<core::Fault> network_loss();
std::unique_ptr<core::Fault> network_partition();

}  // namespace withstand::faults
