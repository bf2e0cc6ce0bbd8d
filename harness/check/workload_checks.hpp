#pragma once

#include <span>

#include "check/checker.hpp"

namespace withstand::check {

/// The checks of runs whose judges take histories of any model (check/named, check/linear, check/txn), each for its
/// workload.
std::span<const Checker* const> workload_checkers();

}  // namespace withstand::check
