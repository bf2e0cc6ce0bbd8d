#include "network/delay_spread.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace withstand::faults {
namespace {

using Distribution = core::DelaySettings::Distribution;

constexpr std::size_t ranks = 1024;

/// The logarithm of how many ways there are to choose `some` of `all`.
double log_ways(double all, double some) {
  return std::lgamma(all + 1) - std::lgamma(some + 1) - std::lgamma(all - some + 1);
}

double normal_quantile(double rank) {
  double low = -10, high = 10;
  for (int step = 0; step < 50; ++step) {
    const double middle = (low + high) / 2;
    (std::erfc(-middle / std::numbers::sqrt2) / 2 < rank ? low : high) = middle;
  }
  return (low + high) / 2;
}

/// Of shape 3, with mean 0 and standard deviation 1.
double pareto_quantile(double rank) { return (std::pow(1 - rank, -1.0 / 3) - 1.5) / std::sqrt(0.75); }

using Quantiles = std::vector<double>;

template <class Quantile>
Quantiles quantiles_of(const Quantile& quantile) {
  Quantiles quantiles(ranks);
  for (std::size_t i = 0; i < ranks; ++i) quantiles[i] = quantile((static_cast<double>(i) + 0.5) / ranks);
  return quantiles;
}

/// Of the delay around its mean, in units of the jitter; the same for every link and run.
const Quantiles& standard_quantiles(Distribution distribution) {
  // One part normal and three parts Pareto of the same rank are correlated by 0.678353.
  static const double mixed_deviation = std::sqrt(1 + 9 + 2 * 3 * 0.678353);
  static const Quantiles uniform = quantiles_of([](double rank) { return 2 * rank - 1; }),
                         normal = quantiles_of(normal_quantile), pareto = quantiles_of(pareto_quantile),
                         mixed = quantiles_of([](double rank) {
                           return (normal_quantile(rank) + 3 * pareto_quantile(rank)) / mixed_deviation;
                         });
  return distribution == Distribution::normal         ? normal
         : distribution == Distribution::pareto       ? pareto
         : distribution == Distribution::paretonormal ? mixed
                                                      : uniform;
}

Quantiles table_quantiles(const std::vector<std::int64_t>& table) {
  const auto size = static_cast<double>(table.size());
  Quantiles quantiles = quantiles_of(
      [&](double rank) { return static_cast<double>(table[static_cast<std::size_t>(rank * size)]) / 8192; });
  std::sort(quantiles.begin(), quantiles.end());
  return quantiles;
}

}  // namespace

SpreadTest::SpreadTest(const core::Impairment& impairment) {
  const core::DelaySettings& asked = impairment.settings.delay;
  if (asked.jitter.count() == 0 || asked.distribution == Distribution::recorded) return;
  quantiles_ = asked.distribution == Distribution::table ? table_quantiles(*impairment.table)
                                                         : standard_quantiles(asked.distribution);
  const auto delay = static_cast<double>(asked.delay.count()), jitter = static_cast<double>(asked.jitter.count());
  for (double& quantile : quantiles_) quantile = std::max(0.0, delay + jitter * quantile);
  const double alike = static_cast<double>(asked.correlation_ppb) / 1e9;
  draws_per_count_ = (1 + alike) / (1 - alike);
}

/// The largest share of all draws in any window of this width, rounded up.
double SpreadTest::densest(double width) const {
  std::size_t most = 0;
  for (std::size_t first = 0, end = 0; first < ranks; ++first) {
    while (end < ranks && quantiles_[end] - quantiles_[first] <= width) ++end;
    most = std::max(most, end - first);
  }
  // A window reaches less than one rank beyond the quantiles within it, at either end.
  return std::min(1.0, static_cast<double>(most + 1) / ranks);
}

double SpreadTest::chance(const core::LinkEffect& effect) const {
  const double draws = static_cast<double>(effect.draws) / draws_per_count_;
  if (quantiles_.empty() || draws <= 1) return 1;
  const double all = draws + static_cast<double>(effect.in_flight);
  const double within = densest(static_cast<double>(effect.drawn_max_ns - effect.drawn_min_ns));
  const auto below = std::upper_bound(quantiles_.begin(), quantiles_.end(), static_cast<double>(effect.drawn_max_ns));
  const double shorter = std::min(1.0, static_cast<double>(below - quantiles_.begin() + 1) / ranks);
  const double alike = std::log(all) + log_ways(all - 1, draws - 1) + (draws - 1) * std::log(within),
               short_ones = log_ways(all, draws) + draws * std::log(shorter);
  return std::min(1.0, 2 * std::exp(std::min(alike, short_ones)));
}

}  // namespace withstand::faults
