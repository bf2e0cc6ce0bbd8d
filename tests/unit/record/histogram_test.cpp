#include "record/histogram.hpp"

#include <algorithm>
#include <cmath>
#include <random>

namespace withstand::record {
namespace {

constexpr std::int64_t us = 1'000, ms = 1'000'000, s = 1'000'000'000;
constexpr double percents[] = {0, 1, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100};

std::int64_t nearest_rank(const std::vector<std::int64_t>& sorted, double percent) {
  const auto rank = std::ceil(static_cast<double>(sorted.size()) * percent / 100 - 1e-9);
  return sorted[static_cast<std::size_t>(std::max(1.0, rank)) - 1];
}

void expect_within_a_thousandth(std::int64_t measured, std::int64_t exact) {
  EXPECT_LE(std::abs(static_cast<double>(measured - exact)), static_cast<double>(exact) * 0.001)
      << measured << " is not " << exact;
}

TEST(Histogram, EmptyHasNothingToSay) {
  const Histogram none;
  EXPECT_EQ(none.count(), 0U);
  EXPECT_EQ(none.percentile(99), 0);
  EXPECT_EQ(none.mean(), 0);
  EXPECT_EQ(none.max(), 0);
}

TEST(Histogram, EverySingleValueFromAMicrosecondToAnHourIsWithinAThousandth) {
  for (double value = 1e3; value < 3.6e12; value *= 1.0031) {
    Histogram histogram;
    const auto exact = static_cast<std::int64_t>(value);
    histogram.record(exact);
    histogram.record(exact + exact / 2);  // so that the clamp to max() cannot hide the bucket's error
    expect_within_a_thousandth(histogram.percentile(50), exact);
  }
}

TEST(Histogram, AgreesWithExactPercentilesOfRandomData) {
  std::mt19937_64 random(20);
  std::lognormal_distribution<double> spread(std::log(5e6), 2.5);
  for (const int count : {1, 2, 3, 10, 999, 1000, 1001, 50'000}) {
    Histogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < count; ++i) {
      values.push_back(std::clamp(static_cast<std::int64_t>(spread(random)), us, 3600 * s));
      histogram.record(values.back());
    }
    std::sort(values.begin(), values.end());
    for (const double percent : percents) {
      expect_within_a_thousandth(histogram.percentile(percent), nearest_rank(values, percent));
    }
    EXPECT_EQ(histogram.min(), values.front());
    EXPECT_EQ(histogram.max(), values.back());
  }
}

TEST(Histogram, PublishedVectorRaw) {
  Histogram histogram;
  histogram.record(1 * ms, 10'000);
  histogram.record(100 * s);
  EXPECT_EQ(histogram.count(), 10'001U);
  expect_within_a_thousandth(histogram.percentile(30), ms);
  expect_within_a_thousandth(histogram.percentile(99), ms);
  expect_within_a_thousandth(histogram.percentile(99.99), ms);
  expect_within_a_thousandth(histogram.percentile(99.999), 100 * s);
  expect_within_a_thousandth(histogram.percentile(100), 100 * s);
}

// The same data with the operations that a 100 s stall hid at one every 10 ms.
TEST(Histogram, PublishedVectorCorrectedForTheStall) {
  Histogram histogram;
  histogram.record(1 * ms, 10'000);
  for (std::int64_t value = 100 * s; value >= 10 * ms; value -= 10 * ms) histogram.record(value);
  EXPECT_EQ(histogram.count(), 20'000U);
  expect_within_a_thousandth(histogram.percentile(30), ms);
  expect_within_a_thousandth(histogram.percentile(50), ms);
  expect_within_a_thousandth(histogram.percentile(75), 50 * s);
  expect_within_a_thousandth(histogram.percentile(90), 80 * s);
  expect_within_a_thousandth(histogram.percentile(99), 98 * s);
  expect_within_a_thousandth(histogram.percentile(99.999), 100 * s);
}

TEST(Histogram, MeanAndExtremesAreExactBeyondTheRange) {
  Histogram histogram;
  histogram.record(10);
  histogram.record(7200 * s);
  EXPECT_EQ(histogram.min(), 10);
  EXPECT_EQ(histogram.max(), 7200 * s);
  EXPECT_DOUBLE_EQ(histogram.mean(), (10.0 + 7200e9) / 2);
  EXPECT_EQ(histogram.percentile(50), us);  // below 1 µs counts as 1 µs
}

TEST(Histogram, MergingIsTheSameAsRecordingTogether) {
  std::mt19937_64 random(21);
  std::uniform_int_distribution<std::int64_t> any(us, 10 * s);
  Histogram one, two, both;
  for (int i = 0; i < 5'000; ++i) {
    const auto value = any(random);
    (i % 3 == 0 ? one : two).record(value);
    both.record(value);
  }
  one.merge(two);
  one.merge(Histogram());
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.min(), both.min());
  EXPECT_EQ(one.max(), both.max());
  EXPECT_DOUBLE_EQ(one.mean(), both.mean());
  for (const double percent : percents) EXPECT_EQ(one.percentile(percent), both.percentile(percent));
}

// The vector that HdrHistogram's own tests publish: 10 000 values of 1 ms and one of 100 s, as a client sees them that
// sends one every 10 ms and waits; and corrected, with what it should have sent meanwhile (99.99 s, 99.98 s, ...).
TEST(Histogram, AgreesWithThePublishedVectorOfCoordinatedOmission) {
  constexpr std::int64_t interval = 10'000'000, stall = 100'000'000'000;
  Histogram raw, corrected;
  for (auto* one : {&raw, &corrected}) {
    one->record(1'000'000, 10'000);
    one->record(stall);
  }
  for (std::int64_t missed = stall - interval; missed >= interval; missed -= interval) corrected.record(missed);
  const auto near = [](std::int64_t got, double wanted) {
    return std::abs(static_cast<double>(got) - wanted) <= wanted / 1000;
  };
  EXPECT_EQ(corrected.count(), 20'000U);
  EXPECT_TRUE(near(raw.percentile(30), 1e6)) << raw.percentile(30);
  EXPECT_TRUE(near(raw.percentile(99), 1e6)) << raw.percentile(99);
  EXPECT_TRUE(near(raw.percentile(99.99), 1e6)) << raw.percentile(99.99);
  EXPECT_EQ(raw.percentile(100), stall);
  EXPECT_TRUE(near(corrected.percentile(30), 1e6)) << corrected.percentile(30);
  EXPECT_TRUE(near(corrected.percentile(50), 1e6)) << corrected.percentile(50);
  EXPECT_TRUE(near(corrected.percentile(75), 50e9)) << corrected.percentile(75);
  EXPECT_TRUE(near(corrected.percentile(90), 80e9)) << corrected.percentile(90);
  EXPECT_TRUE(near(corrected.percentile(99), 98e9)) << corrected.percentile(99);
  EXPECT_TRUE(near(corrected.percentile(99.999), 100e9)) << corrected.percentile(99.999);
}

}  // namespace
}  // namespace withstand::record
