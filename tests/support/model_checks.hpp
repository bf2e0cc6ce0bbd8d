#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "lab/link/model/distribution.hpp"
#include "support/statistics.hpp"

/// What sockets see of a link, against what the models promise: the same for whoever realises them. Bounds are six
/// deviations wide or more, or at 1e-9: each fails by chance once in 5e8 runs or less.
namespace withstand::support {

/// Independent losses with this share.
inline void expect_independent(const std::vector<bool>& lost, double share) {
  const auto n = static_cast<double>(lost.size());
  const std::vector<double> as_numbers(lost.begin(), lost.end());
  EXPECT_NEAR(mean(as_numbers), share, 6 * std::sqrt(share * (1 - share) / n));
  EXPECT_NEAR(autocorrelation(as_numbers), 0, 6 / std::sqrt(n));
}

/// Bursts of geometric length that begin with probability p after a packet of a good time and end with r after one of a
/// bad time, in which all is lost (Gilbert).
inline void expect_bursts(const std::vector<bool>& lost, double p, double r) {
  const auto n = static_cast<double>(lost.size());
  const auto runs = run_lengths(lost, 10);
  double bursts = 0;
  for (const auto count : runs) bursts += static_cast<double>(count);
  // One burst in 1/p + 1/r packets. The time of such a cycle has the variance (1-p)/p² + (1-r)/r² (renewal theorem).
  const double cycle = 1 / p + 1 / r, variance = (1 - p) / (p * p) + (1 - r) / (r * r);
  EXPECT_NEAR(bursts, n / cycle, 6 * std::sqrt(n * variance / (cycle * cycle * cycle)));
  std::vector<double> wanted;
  for (int k = 1; k < 10; ++k) wanted.push_back(bursts * r * std::pow(1 - r, k - 1));
  wanted.push_back(bursts * std::pow(1 - r, 9));
  EXPECT_LT(chi_square({runs.begin() + 1, runs.end()}, wanted), chi_square_limit);
}

/// Each packet arrives once or twice, twice with this share, independently.
inline void expect_copies(const std::vector<int>& times, double share) {
  std::vector<double> twice;
  for (const int each : times) {
    ASSERT_TRUE(each == 1 || each == 2) << each;
    twice.push_back(each - 1);
  }
  const auto n = static_cast<double>(times.size());
  EXPECT_NEAR(mean(twice), share, 6 * std::sqrt(share * (1 - share) / n));
  EXPECT_NEAR(autocorrelation(twice), 0, 6 / std::sqrt(n));
}

/// Delays in seconds that are distributed as `share` says. Beside the draws there is the machine, whose own delay moves
/// all samples by up to `machine` of the distribution; correlated samples count for fewer.
inline void expect_distribution(const std::vector<double>& took, const std::function<double(double)>& share,
                                double machine, double correlation = 0) {
  const double fewer = std::sqrt((1 + correlation) / (1 - correlation));
  EXPECT_LT(kolmogorov(took, share), kolmogorov_limit * fewer + machine * std::sqrt(static_cast<double>(took.size())));
}

}  // namespace withstand::support
