#pragma once

#include <cstdint>
#include <optional>
#include <utility>

/// How far a figure may be from what is behind it, by its sample alone: 95 % intervals. They take samples for
/// independent; those of one stall are not, so they say how little a small sample shows, not how sure a large one is.
/// Pure.
namespace withstand::check {

/// Of a share, as a pair of shares (E. B. Wilson, JASA 22, 1927): it holds near 0 and 1 too, where the usual one
/// shrinks to nothing. `all` must not be 0.
std::pair<double, double> wilson_interval(std::uint64_t part, std::uint64_t all);

/// Ranks, from 1, of the order statistics of `count` values that enclose the `percent`-th percentile with at least 95
/// %, whatever the distribution (H. A. David, H. N. Nagaraja, "Order Statistics", 2003, section 7.1). An end that the
/// sample is too small for is absent.
struct PercentileRanks {
  std::optional<std::uint64_t> low, high;
};
PercentileRanks percentile_interval(std::uint64_t count, double percent);

}  // namespace withstand::check
