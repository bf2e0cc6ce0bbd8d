#include "lab/link/model/delay_model.hpp"

#include <numbers>

#include <gtest/gtest.h>

#include "support/statistics.hpp"

// Statistical bounds are six deviations wide or more, or at 1e-9: each fails once in 5e8 seeds or less, and these are
// fixed.
namespace withstand::lab::link {
namespace {

using namespace std::chrono_literals;
using core::DelaySettings;
using Kind = DelaySettings::Distribution;

constexpr std::size_t packets = 200'000;
const core::DrawStream delay_draws = core::draw_stream(42, "a fault", "n1>n2", "jitter");

/// Around the mean, in units of the jitter.
std::vector<double> offsets(Kind kind, std::int64_t correlation_ppb = 0, Table table = {}) {
  DelayModel model({.delay = 10s, .jitter = 1ms, .distribution = kind, .correlation_ppb = correlation_ppb},
                   std::move(table));
  std::vector<double> seen(packets);
  for (std::size_t i = 0; i < packets; ++i)
    seen[i] = static_cast<double>((model.next(delay_draws, i) - 10s).count()) / 1e6;
  return seen;
}

double pareto_share(double x) { return 1 - std::pow(x * std::sqrt(0.75) + 1.5, -3); }

double paretonormal_share(double x) {
  const Distribution distribution(Kind::paretonormal, {});
  double low = 1e-12, high = 1 - 1e-12;
  for (int i = 0; i < 60; ++i) (distribution.quantile((low + high) / 2) < x ? low : high) = (low + high) / 2;
  return low;
}

TEST(DelayModel, EveryDistributionIsWhatItIsCalled) {
  const auto uniform = offsets(Kind::uniform), normal = offsets(Kind::normal), pareto = offsets(Kind::pareto),
             mixed = offsets(Kind::paretonormal);
  EXPECT_LT(support::kolmogorov(uniform, [](double x) { return (x + 1) / 2; }), support::kolmogorov_limit);
  EXPECT_LT(support::kolmogorov(normal, normal_share), support::kolmogorov_limit);
  EXPECT_LT(support::kolmogorov(pareto, pareto_share), support::kolmogorov_limit);
  EXPECT_LT(support::kolmogorov(mixed, paretonormal_share), support::kolmogorov_limit);
}

TEST(DelayModel, KolmogorovWouldSeeANearMiss) {
  const auto normal = offsets(Kind::normal);
  EXPECT_GT(support::kolmogorov(normal, [](double x) { return normal_share(x / 1.03); }), support::kolmogorov_limit);
  EXPECT_GT(support::kolmogorov(offsets(Kind::paretonormal), pareto_share), support::kolmogorov_limit);
}

TEST(DelayModel, JitterIsTheStandardDeviation) {
  // Of n normal draws the deviation deviates by 1/√(2n) = 0.0016, the mean by 1/√n = 0.0022.
  EXPECT_NEAR(support::deviation(offsets(Kind::normal)), 1, 0.01);
  EXPECT_NEAR(support::mean(offsets(Kind::normal)), 0, 0.014);
  // By quadrature, since a Pareto variable of shape 3 has no fourth moment, so that its sample deviation wanders.
  for (const Kind kind : {Kind::pareto, Kind::paretonormal}) {
    const Distribution distribution(kind, {});
    double sum = 0, squares = 0;
    constexpr int nodes = 4'000'000;
    for (int i = 0; i < nodes; ++i) {
      const double value = distribution.quantile((i + 0.5) / nodes);
      sum += value / nodes;
      squares += value * value / nodes;
    }
    EXPECT_NEAR(sum, 0, 0.001);
    EXPECT_NEAR(squares, 1, 0.02);
  }
}

TEST(DelayModel, ATableIsDrawnEvenly) {
  const Table table =
      std::make_shared<const std::vector<std::int64_t>>(std::vector<std::int64_t>{-8192, 0, 4096, 16384});
  std::vector<std::uint64_t> counts(4);
  for (const double offset : offsets(Kind::table, 0, table))
    ++counts.at(offset == -1 ? 0 : offset == 0 ? 1 : offset == 0.5 ? 2 : offset == 2 ? 3 : 9);
  EXPECT_LT(support::chi_square(counts, std::vector<double>(4, packets / 4.0)), support::chi_square_limit);
}

TEST(DelayModel, ARecordingIsReplayedPacketByPacket) {
  const Table table = std::make_shared<const std::vector<std::int64_t>>(std::vector<std::int64_t>{5, 900, 70});
  DelayModel model({.delay = 1us, .distribution = Kind::recorded}, table);
  for (const int expected : {1005, 1900, 1070, 1005, 1900}) {
    static std::uint64_t ordinal = 0;
    EXPECT_EQ(model.next(delay_draws, ordinal++).count(), expected);
  }
  EXPECT_EQ(model.longest().count(), 1900);
  EXPECT_THROW(DelayModel({.distribution = Kind::recorded}), std::invalid_argument);
}

TEST(DelayModel, CorrelationIsWhatWasAskedForAndLeavesTheDistributionAlone) {
  for (const std::int64_t ppb : {250'000'000, 500'000'000, 900'000'000}) {
    const double rho = static_cast<double>(ppb) / 1e9;
    const auto uniform = offsets(Kind::uniform, ppb), normal = offsets(Kind::normal, ppb);
    // Deviations by Bartlett's formula: √((1 - ρ²)/n) ≤ 0.0022 of neighbours, at most 0.0028 of every third.
    EXPECT_NEAR(support::autocorrelation(uniform), rho, 0.015) << rho;
    EXPECT_NEAR(support::autocorrelation(normal), rho, 0.015) << rho;
    EXPECT_NEAR(support::autocorrelation(normal, 3), rho * rho * rho, 0.02) << rho;
    // Correlated samples say less: their distance to the distribution is that of fewer.
    const double fewer = std::sqrt((1 + rho) / (1 - rho));
    EXPECT_LT(support::kolmogorov(uniform, [](double x) { return (x + 1) / 2; }) / fewer, support::kolmogorov_limit);
    EXPECT_LT(support::kolmogorov(normal, normal_share) / fewer, support::kolmogorov_limit);
  }
}

/// Few draws of a Pareto variable decide over its sample correlation, which has no deviation; over ranks it is steady.
/// Normal variables correlated by a have ranks correlated by 6/π asin(a/2) (Pearson 1907), within a deviation of 1/√n.
TEST(DelayModel, CorrelatedHeavyTailsKeepTheirDistribution) {
  auto pareto = offsets(Kind::pareto, 500'000'000);
  EXPECT_LT(support::kolmogorov(pareto, pareto_share) / std::sqrt(3.0), support::kolmogorov_limit);
  const double chain = normal_correlation(Distribution(Kind::pareto, {}), 0.5);
  EXPECT_GT(chain, 0.5);
  for (double& delay : pareto) delay = pareto_share(delay);
  EXPECT_NEAR(support::autocorrelation(pareto), 6 / std::numbers::pi * std::asin(chain / 2), 6 / std::sqrt(packets));
}

TEST(DelayModel, NeverGoesBackInTimeAndWithoutJitterIsConstant) {
  DelayModel early({.delay = 1us, .jitter = 1ms, .distribution = Kind::normal});
  for (std::uint64_t i = 0; i < 1000; ++i) ASSERT_GE(early.next(delay_draws, i).count(), 0);
  DelayModel constant({.delay = 7ms, .distribution = Kind::pareto});
  EXPECT_EQ(constant.next(delay_draws, 3), 7ms);
}

TEST(DelayModel, NoDrawIsBeyondTheRange) {
  // The draws at both ends: where the hash gives all zeros or all ones nothing may become infinite.
  for (const Kind kind : {Kind::normal, Kind::pareto, Kind::paretonormal}) {
    const Distribution distribution(kind, {});
    EXPECT_TRUE(std::isfinite(distribution.quantile(0x1p-53)));
    EXPECT_TRUE(std::isfinite(distribution.quantile(1 - 0x1p-53)));
  }
}

}  // namespace
}  // namespace withstand::lab::link
