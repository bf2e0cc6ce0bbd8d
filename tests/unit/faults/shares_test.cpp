#include "network/shares.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace withstand::faults {
namespace {

/// 5 % of 10 000 is 500 ± 21.8; 1e-9 is about 6.1 deviations, and Chernoff's bound is somewhat wider.
TEST(Shares, JudgeIndependentDrawsAsNarrowlyAsTheyVary) {
  EXPECT_FALSE(improbable_share(10'000, 500, 0.05));
  EXPECT_FALSE(improbable_share(10'000, 630, 0.05));
  EXPECT_TRUE(improbable_share(10'000, 670, 0.05));
  EXPECT_TRUE(improbable_share(10'000, 350, 0.05));
  EXPECT_FALSE(improbable_share(3, 0, 0.05));
  EXPECT_TRUE(improbable_share(100, 99, 1));
  EXPECT_FALSE(improbable_share(0, 0, 0.5));
}

TEST(Shares, JudgeDrawsWithMemoryByHowLongTheyRemember) {
  EXPECT_FALSE(improbable_share(10'000, 800, 0.05, 0.9)) << "far fewer independent draws";
  EXPECT_TRUE(improbable_share(10'000, 4000, 0.05, 0.9));
  EXPECT_FALSE(improbable_share(10'000, 4000, 0.05, -1)) << "nothing is known";
}

TEST(Shares, ShowTheIntervalThatTheCountsAllow) {
  EXPECT_EQ(share_text(10'000, 493), "4.93% (493 of 10000 packets; 99% interval 4.4% to 5.52%)");
  EXPECT_EQ(share_text(1000, 50, 0.5).substr(0, 40), "5% (50 of 1000 packets; 99% interval 2.7");
  EXPECT_EQ(share_text(10, 1, -1), "10% (1 of 10 packets)");
  EXPECT_EQ(share_text(0, 0), "no packet");
}

}  // namespace
}  // namespace withstand::faults
