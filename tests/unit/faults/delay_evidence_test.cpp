#include "network/delay_evidence.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "network/delay_spread.hpp"

// Draws come from the standard library's generator with fixed seeds: what passes once passes always. The bounds say how
// improbable a failure with other seeds is.
namespace withstand::faults {
namespace {

using namespace std::chrono_literals;
using core::EvidenceRow;
using Distribution = core::DelaySettings::Distribution;
using ::testing::HasSubstr;
using Judgement = EvidenceRow::Judgement;

constexpr Distribution drawn[] = {Distribution::uniform, Distribution::normal, Distribution::pareto,
                                  Distribution::paretonormal, Distribution::table};

core::Impairment asking(Distribution distribution, std::chrono::nanoseconds jitter = 5ms) {
  core::Impairment asked;
  asked.kind = core::Impairment::Kind::latency;
  asked.settings.delay = {.delay = 40ms, .jitter = jitter, .distribution = distribution};
  if (distribution == Distribution::table)
    asked.table = std::make_shared<const std::vector<std::int64_t>>(std::vector<std::int64_t>{8192, -8192, 0, 4096});
  return asked;
}

/// In units of the jitter, from the definitions of the distributions.
double offset(const core::Impairment& asked, std::mt19937_64& random) {
  const double rank = std::uniform_real_distribution<>(0, 1)(random);
  const double pareto = (std::cbrt(1 / (1 - rank)) - 1.5) / std::sqrt(0.75);
  switch (asked.settings.delay.distribution) {
    case Distribution::normal:
      return std::normal_distribution<>()(random);
    case Distribution::pareto:
      return pareto;
    case Distribution::paretonormal:
      return (0.25 * std::normal_distribution<>()(random) + 0.75 * pareto);
    case Distribution::table:
      return static_cast<double>((*asked.table)[static_cast<std::size_t>(rank * 4)]) / 8192;
    case Distribution::uniform:
    case Distribution::recorded:
      break;
  }
  return 2 * rank - 1;
}

/// What is seen of so many packets that took what they were drawn.
core::LinkEffect effect_of(const core::Impairment& asked, std::uint64_t packets, std::mt19937_64& random) {
  core::LinkEffect effect{.link = {}, .offered = packets, .delivered = packets, .delayed = packets, .draws = packets};
  effect.drawn_min_ns = INT64_MAX;
  effect.delay_mean_ns = effect.requested_mean_ns = 40'000'000;
  effect.follows = 1;
  for (std::uint64_t i = 0; i < packets; ++i) {
    const double jitter = static_cast<double>(asked.settings.delay.jitter.count());
    const auto delay = std::max<std::int64_t>(0, 40'000'000 + std::llround(jitter * offset(asked, random)));
    effect.drawn_min_ns = std::min(effect.drawn_min_ns, delay);
    effect.drawn_max_ns = std::max(effect.drawn_max_ns, delay);
  }
  return effect;
}

core::LinkEffect between(std::int64_t least, std::int64_t most, std::uint64_t draws) {
  return {.link = {}, .drawn_min_ns = least, .drawn_max_ns = most, .draws = draws};
}

/// 5000 effects, each blamed with a probability of at most 1e-9: 5e-6 in all.
TEST(SpreadTest, WhatWasDrawnAsAskedIsNotBlamed) {
  std::mt19937_64 random(1);
  for (const Distribution distribution : drawn)
    for (const std::uint64_t packets : {1U, 2U, 6U, 50U, 500U})
      for (int run = 0; run < 200; ++run) {
        const auto asked = asking(distribution);
        ASSERT_GE(SpreadTest(asked).chance(effect_of(asked, packets, random)), 1e-9) << static_cast<int>(distribution);
      }
}

/// Of runs as asked at most one in twenty is said to be that improbable; six standard deviations more by chance: 1e-9.
TEST(SpreadTest, SaysNoLessThanTheTrueProbability) {
  constexpr int runs = 20'000;
  std::mt19937_64 random(2);
  for (const Distribution distribution : {Distribution::uniform, Distribution::normal, Distribution::pareto}) {
    const auto asked = asking(distribution);
    const SpreadTest test(asked);
    for (const std::uint64_t packets : {2U, 5U, 20U}) {
      int improbable = 0;
      for (int run = 0; run < runs; ++run) improbable += test.chance(effect_of(asked, packets, random)) < 0.05;
      EXPECT_LT(improbable, runs * 0.05 + 6 * std::sqrt(runs * 0.05 * 0.95)) << packets;
    }
  }
}

TEST(SpreadTest, ALostJitterShowsAfterSixPackets) {
  for (const Distribution distribution :
       {Distribution::uniform, Distribution::normal, Distribution::pareto, Distribution::paretonormal}) {
    core::LinkEffect constant = between(40'000'000, 40'000'000, 6);
    EXPECT_LT(SpreadTest(asking(distribution)).chance(constant), 1e-9) << static_cast<int>(distribution);
  }
  // A table of four steps gives the same step 16 times in a row once in 4^15 times.
  core::LinkEffect constant = between(40'000'000, 40'000'000, 22);
  EXPECT_LT(SpreadTest(asking(Distribution::table)).chance(constant), 1e-9);
  constant.draws = 8;
  EXPECT_GT(SpreadTest(asking(Distribution::table)).chance(constant), 1e-9);
}

TEST(SpreadTest, HalfAJitterShowsAfterFortyPackets) {
  std::mt19937_64 random(3);
  const auto asked = asking(Distribution::uniform);
  EXPECT_LT(SpreadTest(asked).chance(effect_of(asking(Distribution::uniform, 2500us), 40, random)), 1e-9);
  EXPECT_LT(SpreadTest(asking(Distribution::normal)).chance(effect_of(asking(Distribution::normal, 1ms), 40, random)),
            1e-9);
}

TEST(SpreadTest, DelaysThatAreAllTooShortShow) {
  const core::LinkEffect none = between(0, 30'000'000, 20);
  EXPECT_LT(SpreadTest(asking(Distribution::normal)).chance(none), 1e-9);
}

TEST(SpreadTest, SaysNothingOfWhatIsNotDrawnOrStillUnderWay) {
  core::LinkEffect constant = between(40'000'000, 40'000'000, 1000);
  EXPECT_EQ(SpreadTest(asking(Distribution::uniform, 0ns)).chance(constant), 1);
  EXPECT_EQ(SpreadTest(asking(Distribution::recorded)).chance(constant), 1);
  auto alike = asking(Distribution::uniform);
  alike.settings.delay.correlation_ppb = 999'000'000;
  EXPECT_EQ(SpreadTest(alike).chance(constant), 1) << "a thousand packets count for half of one";
  // Of a thousand packets sent at once the ten that were drawn least came first.
  core::LinkEffect first = between(35'000'000, 35'100'000, 10);
  first.in_flight = 990;
  EXPECT_EQ(SpreadTest(asking(Distribution::uniform)).chance(first), 1);
  first.in_flight = 0;
  EXPECT_LT(SpreadTest(asking(Distribution::uniform)).chance(first), 1e-9);
}

class DelayEvidenceTest : public ::testing::Test {
 protected:
  void expect_mismatch(const core::LinkEffect& effect, const std::string& why) const {
    const auto row = judge_delay(asked_, effect, "n1→n2");
    EXPECT_EQ(row.judgement, Judgement::mismatch);
    EXPECT_THAT(row.measured, HasSubstr(why));
  }

  std::mt19937_64 random_{4};
  core::Impairment asked_ = asking(Distribution::uniform);
  core::LinkEffect good_ = effect_of(asked_, 100, random_);
};

TEST_F(DelayEvidenceTest, AgreesWithWhatWasAsked) {
  EXPECT_EQ(judge_delay(asked_, good_, "n1→n2").judgement, Judgement::agrees);
  good_.follows = 0.6;
  good_.follows_error = 0.01;
  EXPECT_EQ(judge_delay(asked_, good_, "n1→n2").judgement, Judgement::agrees);
}

TEST_F(DelayEvidenceTest, AJitterThatIsNotDrawnIsAMismatch) {
  good_.drawn_min_ns = good_.drawn_max_ns = 40'000'000;
  expect_mismatch(good_, "no such jitter: 100 draws between 40.0ms and 40.0ms");
}

TEST_F(DelayEvidenceTest, AJitterThatIsNotMeasuredIsAMismatch) {
  good_.follows = 0.02;
  good_.follows_error = 0.01;
  expect_mismatch(good_, "no such jitter: a packet drawn 1ms longer took 0.02ms ± 0.01ms longer");
  good_.follows_error = 0.2;
  EXPECT_EQ(judge_delay(asked_, good_, "n1→n2").judgement, Judgement::agrees) << "not sure enough";
  good_.follows_error = 0.01;
  good_.draws = 29;
  EXPECT_EQ(judge_delay(asked_, good_, "n1→n2").judgement, Judgement::agrees) << "too few";
}

TEST_F(DelayEvidenceTest, NobodyMayBeSoonerThanDrawnOrDrawnBelowTheLeast) {
  good_.hasty = 3;
  expect_mismatch(good_, "3 were due sooner than drawn");
  good_.drawn_min_ns = 34'999'999;
  expect_mismatch(good_, "the least is 35.0ms");
}

TEST_F(DelayEvidenceTest, ARecordingMustHaveBeenPlayed) {
  asked_ = asking(Distribution::recorded, 0ns);
  asked_.settings.delay.delay = 0ns;
  asked_.table = std::make_shared<const std::vector<std::int64_t>>(std::vector<std::int64_t>{35'000'000, 60'000'000});
  good_.drawn_max_ns = 59'000'000;
  expect_mismatch(good_, "the longest that was recorded, 60.0ms, did not come");
  good_.delayed = 90;
  EXPECT_EQ(judge_delay(asked_, good_, "n1→n2").judgement, Judgement::agrees) << "it may have been lost";
}

}  // namespace
}  // namespace withstand::faults
