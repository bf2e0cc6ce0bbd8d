#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "check/samples.hpp"
#include "record/journal.hpp"

namespace withstand::check {

/// Counts and percentiles of operations that were due in one phase; `due` must not be empty. Failures count as
/// Latencies says. Pure.
record::LatencySummary summarise(std::string phase, std::string op, std::span<const Sample> due, std::int64_t timeout);

/// "99.7% (997 of 1000)". Never says 100% or 0% of what is only near it. `all` must not be 0.
std::string ratio_text(std::uint64_t part, std::uint64_t all);

}  // namespace withstand::check
