#include "load/arrivals.hpp"

#include <cmath>
#include <fstream>
#include <numbers>

#include "support.hpp"

namespace withstand::load {
namespace {

using namespace testing;

Config at_rate(std::int64_t per_second) {
  auto config = register_config("");
  config.rate_millihertz = per_second * 1000;
  return config;
}

double second_of(Arrivals& arrivals, std::uint64_t ordinal) {
  return std::chrono::duration<double>(arrivals.of(ordinal)).count();
}

/// How many are due until then.
std::uint64_t due_until(Arrivals& arrivals, nanoseconds end) {
  std::uint64_t count = 0;
  while (arrivals.of(count) < end) ++count;
  return count;
}

// From 100/s to 300/s in 10 s: N(t) = 100 t + 10 t^2, so 2000 in all, and the 1000th where 10 t^2 + 100 t = 1000.
TEST(Arrivals, ARampIsTheIntegralOfItsRate) {
  auto config = at_rate(100);
  config.segments = {{10'000'000'000, 100'000, 300'000}};
  Arrivals arrivals(config);
  EXPECT_NEAR(second_of(arrivals, 1'000), (-100 + std::sqrt(100.0 * 100 + 40.0 * 1'000)) / 20, 1e-8);
  EXPECT_NEAR(second_of(arrivals, 2'000), 10, 1e-8);
  EXPECT_NEAR(second_of(arrivals, 2'300), 11, 1e-8) << "the last rate holds";
}

TEST(Arrivals, ARampMayGoDown) {
  auto config = at_rate(300);
  config.segments = {{10'000'000'000, 300'000, 100'000}};
  Arrivals arrivals(config);
  EXPECT_NEAR(second_of(arrivals, 1'250), 5, 1e-8);
  EXPECT_NEAR(second_of(arrivals, 2'100), 11, 1e-8);
}

TEST(Arrivals, StepsFollowEachOther) {
  auto config = at_rate(1);
  config.segments = {
      {1'000'000'000, 100'000, 100'000}, {2'000'000'000, 10'000, 10'000}, {1'000'000'000, 50'000, 50'000}};
  Arrivals arrivals(config);
  EXPECT_NEAR(second_of(arrivals, 50), 0.5, 1e-8);
  EXPECT_NEAR(second_of(arrivals, 110), 2, 1e-8);
  EXPECT_NEAR(second_of(arrivals, 145), 3.5, 1e-8);
  EXPECT_NEAR(second_of(arrivals, 270), 6, 1e-8);
}

// 200/s, swing 50 %, period 10 s: in the first half 1000 + 200 * 0.5 * 10 / pi more, in a whole period just 2000.
TEST(Arrivals, ASineSwingsAroundTheRate) {
  auto config = at_rate(200);
  config.swing_ppb = 500'000'000;
  config.period = 10'000'000'000;
  Arrivals first(config), again(config);
  EXPECT_NEAR(static_cast<double>(due_until(first, seconds(5))), 1'000 + 1'000 / std::numbers::pi, 1);
  EXPECT_NEAR(static_cast<double>(due_until(again, seconds(10))), 2'000, 1);
}

// 20 000 expected; a Poisson process is within five standard deviations (141 each) but for a chance of 6e-7.
TEST(Arrivals, PoissonFollowsTheShape) {
  auto config = at_rate(100);
  config.arrival = "poisson";
  config.segments = {{100'000'000'000, 100'000, 300'000}};
  Arrivals arrivals(config), half(config);
  EXPECT_NEAR(static_cast<double>(due_until(arrivals, seconds(100))), 20'000, 707);
  EXPECT_NEAR(static_cast<double>(due_until(half, seconds(50))), 7'500, 433);
}

TEST(Arrivals, ATraceIsFollowedAndThenEnds) {
  Folder folder;
  const auto path = folder.file("trace");
  std::ofstream(path) << "# seconds\n0.001\n\n0.5\r\n0.5\n2\n";
  auto config = at_rate(1);
  config.trace = path;
  Arrivals arrivals(config);
  EXPECT_EQ(arrivals.of(0), milliseconds(1));
  EXPECT_EQ(arrivals.of(2), milliseconds(500));
  EXPECT_EQ(arrivals.of(3), seconds(2));
  EXPECT_EQ(arrivals.of(4), Arrivals::never);
}

TEST(Arrivals, ATraceThatIsNoneIsNamedWithItsLine) {
  Folder folder;
  const auto path = folder.file("trace");
  const auto complaint = [&](const std::string& text) {
    std::ofstream(path) << text;
    try {
      (void)read_trace(path);
    } catch (const std::runtime_error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(complaint("1\nsoon\n"), ::testing::HasSubstr("line 2"));
  EXPECT_THAT(complaint("1\n0.5\n"), ::testing::HasSubstr("earlier than the one before"));
  EXPECT_THAT(complaint("-1\n"), ::testing::HasSubstr("no time in seconds"));
  EXPECT_THAT(complaint("# nothing\n"), ::testing::HasSubstr("holds no time"));
  EXPECT_THROW((void)read_trace(folder.file("gone")), std::runtime_error);
}

}  // namespace
}  // namespace withstand::load
