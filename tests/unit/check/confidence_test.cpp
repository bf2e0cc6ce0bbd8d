#include "check/confidence.hpp"

#include <gtest/gtest.h>

namespace withstand::check {
namespace {

// Wilson's interval of 1 in 10 is 1.79 % to 40.4 % (R. G. Newcombe, Statistics in Medicine 17, 1998, has such tables).
TEST(Confidence, WilsonHoldsAtTheEdges) {
  const auto one = wilson_interval(1, 10);
  EXPECT_NEAR(one.first, 0.0179, 0.0001);
  EXPECT_NEAR(one.second, 0.4042, 0.0001);
  EXPECT_EQ(wilson_interval(0, 100).first, 0);
  EXPECT_NEAR(wilson_interval(0, 100).second, 0.0370, 0.0001);
  EXPECT_EQ(wilson_interval(100, 100).second, 1);
}

// Of the median of 10 the 2nd and the 9th enclose it with 97.9 %, the 3rd and the 8th with 89.1 % only.
TEST(Confidence, RanksEncloseAPercentileWhateverTheDistribution) {
  const auto median = percentile_interval(10, 50);
  EXPECT_EQ(median.low, 2U);
  EXPECT_EQ(median.high, 9U);
  EXPECT_FALSE(percentile_interval(100, 99).high) << "0.99^100 = 37 %: the largest may lie below it";
  EXPECT_TRUE(percentile_interval(400, 99).high) << "0.99^400 = 1.8 %";
  EXPECT_FALSE(percentile_interval(5, 50).low);
  const auto many = percentile_interval(1'000'000, 99);
  EXPECT_NEAR(static_cast<double>(many.low.value()), 990'000 - 195, 2);
  EXPECT_NEAR(static_cast<double>(many.high.value()), 990'000 + 196, 2);
}

}  // namespace
}  // namespace withstand::check
