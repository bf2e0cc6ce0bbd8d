#pragma once

#include <memory>

#include "core/fault.hpp"

namespace withstand::faults {

std::unique_ptr<core::Fault> clock_drift();
std::unique_ptr<core::Fault> clock_freeze();
std::unique_ptr<core::Fault> clock_jump();
std::unique_ptr<core::Fault> clock_leap_delete();
std::unique_ptr<core::Fault> clock_leap_insert();
std::unique_ptr<core::Fault> clock_offset();
std::unique_ptr<core::Fault> clock_settable();
std::unique_ptr<core::Fault> clock_smear();
std::unique_ptr<core::Fault> clock_start_at();
std::unique_ptr<core::Fault> clock_strobe();
std::unique_ptr<core::Fault> clock_suspend();

}  // namespace withstand::faults
