#pragma once

#include <vector>

#include "check/linear/parts.hpp"

namespace withstand::check {

/// A few operations of a history that is not linearizable, such that these alone are not linearizable either, and that
/// says something of the whole: whoever saw a value is left out with those who put it there, so that leaving out cannot
/// make up a contradiction. `stuck` is where the search ended. Bounded by the deadline: then more than needed are left.
///
/// After A. Zeller, R. Hildebrandt, "Simplifying and isolating failure-inducing input", IEEE TSE 28(2), 2002.
std::vector<SearchOperation> smallest_failing(const LinearPart& part, std::uint32_t stuck,
                                              std::chrono::steady_clock::time_point deadline);

}  // namespace withstand::check
