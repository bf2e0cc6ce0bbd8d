#pragma once

#include "core/fault.hpp"

namespace withstand::faults {

/// Every fault kind this build has, in one alphabetical table.
core::Catalog catalog();

}  // namespace withstand::faults
