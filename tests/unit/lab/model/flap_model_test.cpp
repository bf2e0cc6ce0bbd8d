#include "lab/link/model/flap_model.hpp"

#include <gtest/gtest.h>

namespace withstand::lab::link {
namespace {

using namespace std::chrono_literals;

const core::DrawStream flap_draws = core::draw_stream(42, "a fault", "n1>n2", "flap");

TEST(FlapModel, IsUpAndDownForTheTimesItWasGiven) {
  FlapModel link({.up_min = 3s, .up_max = 3s, .down_min = 1s, .down_max = 1s}, flap_draws, 10s);
  EXPECT_FALSE(link.down(10s));
  EXPECT_FALSE(link.down(13s - 1ns));
  EXPECT_TRUE(link.down(13s));
  EXPECT_TRUE(link.down(14s - 1ns));
  EXPECT_FALSE(link.down(14s));
  EXPECT_TRUE(link.down(17s));
  EXPECT_EQ(link.times_down(17s), 2u);
  EXPECT_EQ(link.times_down(12s), 0u) << "earlier instants may be asked for";
  EXPECT_TRUE(link.down(10s + 4000s - 1ns));
  EXPECT_EQ(link.times_down(10s + 4000s), 1000u);
}

TEST(FlapModel, DrawsItsTimesFromTheirRanges) {
  const core::FlapSettings settings{.up_min = 1ms, .up_max = 5ms, .down_min = 0ms, .down_max = 2ms};
  FlapModel link(settings, flap_draws, 0s), again(settings, flap_draws, 0s);
  int down = 0;
  for (int i = 0; i < 400'000; ++i) {
    const auto now = i * 10us;
    const bool is = link.down(now);
    ASSERT_EQ(is, again.down(now));
    down += is;
  }
  // 1000 cycles of 3 ms up and 1 ms down on average. Of an alternating renewal process (Cox, Renewal Theory, 1962) the
  // time down deviates by √(1000 · Var(3/4 down - 1/4 up)) = 16.5 ms = 1650 samples, the number of cycles by
  // √(1000 · Var(cycle)) / 4 ms = 10.2: six of these each, exceeded once in 5e8 seeds.
  EXPECT_NEAR(down, 100'000, 6 * 1650);
  EXPECT_NEAR(static_cast<double>(link.times_down(4s)), 1000, 6 * 10.2);
}

}  // namespace
}  // namespace withstand::lab::link
