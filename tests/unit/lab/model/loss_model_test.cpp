#include "lab/link/model/loss_model.hpp"

#include <gtest/gtest.h>

#include "core/loss_expectation.hpp"
#include "lab/link/model/choice.hpp"
#include "support/statistics.hpp"

// Every bound here is at least six deviations wide: by chance it fails once in 5e8 seeds, and these are fixed. Where no
// formula stands beside it, the deviation is that of 40 simulations of 1e5 packets, halved for 4e5.
namespace withstand::lab::link {
namespace {

using core::LossSettings;
using Model = LossSettings::Model;

constexpr std::size_t trials = 400'000;
const core::DrawStream loss_draws = core::draw_stream(42, "a fault", "n1>n2", "loss");

std::vector<bool> losses(const LossSettings& settings) {
  LossModel model(settings);
  std::vector<bool> lost(trials);
  for (std::size_t i = 0; i < trials; ++i) lost[i] = model.lost(loss_draws, i);
  return lost;
}

double share(const std::vector<bool>& lost) {
  return static_cast<double>(std::count(lost.begin(), lost.end(), true)) / static_cast<double>(lost.size());
}

double correlation(const std::vector<bool>& lost, std::size_t distance = 1) {
  return support::autocorrelation({lost.begin(), lost.end()}, distance);
}

double mean_burst(const std::vector<bool>& lost) {
  std::size_t runs = 0, all = 0;
  for (std::size_t i = 0; i < lost.size(); ++i) {
    all += lost[i];
    runs += lost[i] && (i + 1 == lost.size() || !lost[i + 1]);
  }
  return static_cast<double>(all) / static_cast<double>(runs);
}

LossSettings random(std::int64_t ppb, std::int64_t correlation_ppb = 0) {
  LossSettings settings;
  settings.random = {ppb, correlation_ppb};
  return settings;
}

TEST(LossModel, IndependentLossesAreShareAndNothingElse) {
  const auto lost = losses(random(50'000'000));
  EXPECT_NEAR(share(lost), 0.05, 6 * std::sqrt(0.05 * 0.95 / trials));
  EXPECT_NEAR(correlation(lost), 0, 6 / std::sqrt(trials));
  // Runs of k are geometric: chi-square over their lengths.
  const auto runs = support::run_lengths(lost, 4);
  double all = 0;
  for (const auto count : runs) all += static_cast<double>(count);
  const std::vector<std::uint64_t> counts{runs[1], runs[2], runs[3] + runs[4]};
  EXPECT_LT(support::chi_square(counts, {all * 0.95, all * 0.05 * 0.95, all * 0.0025}), support::chi_square_limit);
}

TEST(LossModel, MemorylessLossIsIndependentOfTheOrderOfPackets) {
  LossModel forwards(random(300'000'000)), backwards(random(300'000'000));
  EXPECT_FALSE(forwards.has_memory());
  std::vector<bool> one(1000), other(1000);
  for (std::size_t i = 0; i < 1000; ++i) one[i] = forwards.lost(loss_draws, i);
  for (std::size_t i = 1000; i-- > 0;) other[i] = backwards.lost(loss_draws, i);
  EXPECT_EQ(one, other);
}

/// What netem loses almost nothing of: the share must hold, and so must the correlation.
TEST(LossModel, CorrelatedLossKeepsItsShareAndItsCorrelation) {
  for (const auto& [ppb, rho_ppb] : std::vector<std::pair<std::int64_t, std::int64_t>>{
           {3'000'000, 250'000'000}, {250'000'000, 250'000'000}, {100'000'000, 750'000'000}}) {
    const auto lost = losses(random(ppb, rho_ppb));
    const double p = static_cast<double>(ppb) / 1e9, rho = static_cast<double>(rho_ppb) / 1e9;
    EXPECT_NEAR(share(lost), p, 6 * std::sqrt(p * (1 - p) * (1 + rho) / (1 - rho) / trials)) << ppb;
    // The sample correlation of rare events: its deviation is that of a share among the losses.
    const double wide = 6 * std::sqrt(1 / (p * trials));
    EXPECT_NEAR(correlation(lost), rho, wide) << ppb;
    EXPECT_NEAR(correlation(lost, 2), rho * rho, wide) << ppb;
    // Its deviation is at most 0.043, of 10 % in bursts of 4.4.
    EXPECT_NEAR(mean_burst(lost), core::expected_loss(random(ppb, rho_ppb)).mean_burst, wide * 9) << ppb;
  }
}

TEST(LossModel, GilbertElliottHasTheShareAndTheBurstsOfItsTheory) {
  LossSettings settings;
  settings.model = Model::gilbert_elliott;
  settings.p = 10'000'000;   // into the bad state once in a hundred packets
  settings.r = 250'000'000;  // and out of it after four
  const auto lost = losses(settings);
  const auto expected = core::expected_loss(settings);
  EXPECT_NEAR(expected.share, 0.01 / 0.26, 1e-12);
  EXPECT_NEAR(expected.mean_burst, 4, 1e-12);
  const double memory = (1 + expected.memory) / (1 - expected.memory);
  EXPECT_NEAR(share(lost), expected.share, 6 * std::sqrt(expected.share * memory / trials));
  EXPECT_NEAR(correlation(lost), 0.74, 0.03);  // deviation 0.0036
  // Burst lengths are geometric with r.
  const auto runs = support::run_lengths(lost, 12);
  double bursts = 0;
  for (const auto count : runs) bursts += static_cast<double>(count);
  std::vector<double> wanted;
  for (int k = 1; k < 12; ++k) wanted.push_back(bursts * 0.25 * std::pow(0.75, k - 1));
  wanted.push_back(bursts * std::pow(0.75, 11));
  EXPECT_LT(support::chi_square({runs.begin() + 1, runs.end()}, wanted), support::chi_square_limit);
}

TEST(LossModel, GilbertElliottLosesInBothStatesWhatTheyLose) {
  LossSettings settings;
  settings.model = Model::gilbert_elliott;
  settings.p = 20'000'000;
  settings.r = 100'000'000;
  settings.loss_bad = 500'000'000;
  settings.loss_good = 10'000'000;
  const auto lost = losses(settings);
  const auto expected = core::expected_loss(settings);
  EXPECT_NEAR(expected.share, (0.02 * 0.5 + 0.1 * 0.01) / 0.12, 1e-12);
  EXPECT_NEAR(share(lost), expected.share, 0.0075);           // deviation 0.0012
  EXPECT_NEAR(mean_burst(lost), expected.mean_burst, 0.055);  // 0.0085
}

TEST(LossModel, MarkovHasTheShareAndTheBurstsOfItsTheory) {
  LossSettings settings;
  settings.model = Model::markov;
  settings.p13 = 20'000'000;
  settings.p31 = 300'000'000;
  settings.p32 = 200'000'000;
  settings.p23 = 400'000'000;
  settings.p14 = 10'000'000;
  const auto lost = losses(settings);
  const auto expected = core::expected_loss(settings);
  // π3 = π1 p13/p31, π2 = π3 p32/p23, π4 = π1 p14.
  const double all = 1 + 0.2 / 3 + 0.1 / 3 + 0.01;
  EXPECT_NEAR(expected.share, (0.2 / 3 + 0.01) / all, 1e-12);
  EXPECT_NEAR(share(lost), expected.share, 0.006);           // deviation 0.0008
  EXPECT_NEAR(mean_burst(lost), expected.mean_burst, 0.06);  // 0.009
  // A loss alone lasts one packet, one in a burst leaves state 3 with 0.5.
  const auto runs = support::run_lengths(lost, 8);
  double bursts = 0;
  for (const auto count : runs) bursts += static_cast<double>(count);
  const double in_bursts = (0.2 / 3) * 0.5 / ((0.2 / 3) * 0.5 + 0.01);
  std::vector<double> wanted;
  for (int k = 1; k < 8; ++k) wanted.push_back(bursts * (in_bursts * std::pow(0.5, k) + (k == 1 ? 1 - in_bursts : 0)));
  wanted.push_back(bursts * in_bursts * std::pow(0.5, 7));
  EXPECT_LT(support::chi_square({runs.begin() + 1, runs.end()}, wanted), support::chi_square_limit);
}

TEST(LossModel, EveryNthIsExactlyThat) {
  LossSettings settings;
  settings.model = Model::nth;
  settings.nth = 7;
  const auto lost = losses(settings);
  for (std::size_t i = 0; i < trials; ++i) ASSERT_EQ(lost[i], i % 7 == 6);
  EXPECT_NEAR(core::expected_loss(settings).share, 1.0 / 7, 1e-12);
}

TEST(LossModel, TheEndsOfTheRange) {
  EXPECT_EQ(share(losses(random(0))), 0);
  EXPECT_EQ(share(losses(random(1'000'000'000))), 1);
  EXPECT_EQ(share(losses(random(1'000'000'000, 500'000'000))), 1);
  LossSettings stuck;
  stuck.model = Model::markov;
  stuck.p13 = 1'000'000'000;  // in, and never out
  EXPECT_NEAR(share(losses(stuck)), core::expected_loss(stuck).share, 1e-5);
}

}  // namespace
}  // namespace withstand::lab::link
