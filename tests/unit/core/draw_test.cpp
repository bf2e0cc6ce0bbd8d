#include "core/draw.hpp"

#include <cmath>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace withstand::core {
namespace {

TEST(Draw, IsAFunctionOfItsFiveArgumentsAlone) {
  const auto stream = draw_stream(42, "slow", "n1>n2", "loss");
  EXPECT_EQ(stream.bits(7), draw_stream(42, "slow", "n1>n2", "loss").bits(7));
  EXPECT_NE(stream.bits(7), draw_stream(43, "slow", "n1>n2", "loss").bits(7));
  EXPECT_NE(stream.bits(7), draw_stream(42, "fast", "n1>n2", "loss").bits(7));
  EXPECT_NE(stream.bits(7), draw_stream(42, "slow", "n2>n1", "loss").bits(7));
  EXPECT_NE(stream.bits(7), draw_stream(42, "slow", "n1>n2", "jitter").bits(7));
  EXPECT_NE(stream.bits(7), stream.bits(8));
}

TEST(Draw, BoundariesBetweenPartsCount) {
  EXPECT_NE(draw_stream(1, "ab", "c", "x").key, draw_stream(1, "a", "bc", "x").key);
}

TEST(Draw, StaysTheSameAcrossReleases) {
  // A seed in somebody's bug report must mean the same schedule next year.
  EXPECT_EQ(draw_stream(42, "slow", "n1>n2", "loss").bits(0), 0xcf4a2feb69b8ff7fULL);
  EXPECT_EQ(draw_stream(0, "", "", "").key, 0x30e9f0a033de3cbcULL);
}

TEST(Draw, ChanceRealisesItsProbability) {
  // 10^6 draws: a normal deviation beyond 6.1 sigma has probability 1e-9 per ratio.
  for (const std::int64_t ppb : {1'000'000LL, 50'000'000LL, 500'000'000LL, 999'000'000LL}) {
    const auto stream = draw_stream(9, "loss", "a>b", "loss");
    constexpr int draws = 1'000'000;
    int hits = 0;
    for (int i = 0; i < draws; ++i) hits += stream.chance(static_cast<std::uint64_t>(i), ppb) ? 1 : 0;
    const double p = static_cast<double>(ppb) / 1e9;
    EXPECT_NEAR(hits, draws * p, 6.1 * std::sqrt(draws * p * (1 - p)));
  }
}

TEST(Draw, ChanceAtTheEndsIsCertain) {
  const auto stream = draw_stream(9, "loss", "a>b", "loss");
  for (std::uint64_t i = 0; i < 10'000; ++i) {
    EXPECT_FALSE(stream.chance(i, 0));
    EXPECT_TRUE(stream.chance(i, 1'000'000'000));
  }
}

TEST(Draw, UniformFillsItsRangeEvenly) {
  // Chi-square over 64 cells, 63 degrees of freedom: beyond 150 has probability below 1e-8.
  const auto stream = draw_stream(3, "jitter", "a>b", "jitter");
  std::vector<int> cells(64, 0);
  constexpr int draws = 640'000;
  for (int i = 0; i < draws; ++i)
    ++cells.at(static_cast<std::size_t>(stream.uniform(static_cast<std::uint64_t>(i)) * 64));
  double chi = 0;
  for (const int n : cells) chi += (n - 10'000.0) * (n - 10'000.0) / 10'000.0;
  EXPECT_LT(chi, 150);
}

TEST(Draw, ConsecutiveOrdinalsAreNotCorrelated) {
  const auto stream = draw_stream(3, "jitter", "a>b", "jitter");
  constexpr int draws = 1'000'000;
  double sum = 0;
  for (std::uint64_t i = 0; i < draws; ++i) sum += (stream.uniform(i) - 0.5) * (stream.uniform(i + 1) - 0.5);
  // Each product has variance 1/144: 6.1 sigma over 10^6 is 0.00051.
  EXPECT_NEAR(sum / draws, 0, 0.00051);
}

TEST(Draw, StreamsDoNotCollide) {
  std::set<std::uint64_t> seen;
  for (int seed = 0; seed < 100; ++seed)
    for (int link = 0; link < 100; ++link)
      seen.insert(draw_stream(static_cast<std::uint64_t>(seed), "loss", "l" + std::to_string(link), "loss").key);
  EXPECT_EQ(seen.size(), 10'000U);
}

}  // namespace
}  // namespace withstand::core
