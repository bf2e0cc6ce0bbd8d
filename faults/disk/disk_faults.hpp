#pragma once

#include <memory>

#include "core/fault.hpp"

namespace withstand::faults {

std::unique_ptr<core::Fault> disk_bandwidth();
std::unique_ptr<core::Fault> disk_corrupt();
std::unique_ptr<core::Fault> disk_error();
std::unique_ptr<core::Fault> disk_fsync();
std::unique_ptr<core::Fault> disk_full();
std::unique_ptr<core::Fault> disk_latency();
std::unique_ptr<core::Fault> disk_stall();

}  // namespace withstand::faults
