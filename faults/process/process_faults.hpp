#pragma once

#include <memory>

#include "core/fault.hpp"

namespace withstand::faults {

std::unique_ptr<core::Fault> process_kill();
std::unique_ptr<core::Fault> process_pause();
std::unique_ptr<core::Fault> process_terminate();

}  // namespace withstand::faults
