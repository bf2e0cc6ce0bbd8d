#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/impairment.hpp"

namespace withstand::lab::link {

/// The numbers that a table or a trace holds; shared, never changed.
using Table = std::shared_ptr<const std::vector<std::int64_t>>;

/// The standard normal distribution and its inverse (0 < u < 1).
double normal_share(double z);
double normal_quantile(double u);

/// The shape of a delay around its mean, in units of its jitter.
///
/// normal, pareto and paretonormal have mean 0 and standard deviation 1. Pareto has shape 3, as iproute2's table of
/// that name, but standardised by its deviation √3/2 (iproute2 divides by the variance, so its tail is wider by 15 %)
/// and not cut off at four deviations. paretonormal adds a quarter of a normal and three quarters of a Pareto draw of
/// the same rank, as iproute2's does, and is standardised. uniform is even in ±1. A table is drawn from step by step.
class Distribution {
 public:
  Distribution(core::DelaySettings::Distribution kind, Table table);
  /// The value below which a share u of all draws lies; 0 < u < 1.
  [[nodiscard]] double quantile(double u) const;

 private:
  core::DelaySettings::Distribution kind_;
  Table table_;
};

/// The correlation that two standard normal variables need so that the draws they stand for are correlated by `wanted`
/// (0 to 1): Cario and Nelson, "Modeling and generating random vectors with arbitrary marginal distributions and
/// correlation matrix", 1997. Solved by the expansion into Hermite polynomials; exact for the normal distribution.
double normal_correlation(const Distribution& distribution, double wanted);

}  // namespace withstand::lab::link
