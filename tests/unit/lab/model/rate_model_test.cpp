#include "lab/link/model/rate_model.hpp"

#include <gtest/gtest.h>

#include "support/statistics.hpp"

namespace withstand::lab::link {
namespace {

using namespace std::chrono_literals;
using core::Instant;
using core::RateSettings;

const core::DrawStream rate_draws = core::draw_stream(42, "a fault", "n1>n2", "slot");

Table table(std::vector<std::int64_t> values) {
  return std::make_shared<const std::vector<std::int64_t>>(std::move(values));
}
Table milliseconds(const std::vector<std::int64_t>& values) {
  std::vector<std::int64_t> instants;
  for (const auto value : values) instants.push_back(value * 1'000'000);
  return table(instants);
}

TEST(Bottleneck, HoldsItsRateExactlyOverAnyLength) {
  // 3 Mbit/s and 1000 bytes: 2 666 666.67 ns each; without carrying the thirds over, 100 000 packets are 67 µs short.
  Bottleneck link({.bits_per_second = 3'000'000}, 0ns);
  Instant last{};
  for (int i = 0; i < 100'000; ++i) last = link.leaves(0ns, 1000);
  EXPECT_EQ(last.count(), 266'666'666'666);
}

TEST(Bottleneck, AnIdleLinkTakesOnePacketsTimeForOnePacket) {
  Bottleneck link({.bits_per_second = 8'000'000}, 0ns);
  EXPECT_EQ(link.leaves(1s, 1000), 1s + 1ms);
  EXPECT_EQ(link.leaves(1s, 500), 1s + 1500us);
  EXPECT_EQ(link.leaves(2s, 1000), 2s + 1ms);
}

TEST(Bottleneck, ABurstLeavesAtOnceAndIsRefilledAtTheRate) {
  Bottleneck link({.bits_per_second = 8'000'000, .burst = 5000}, 0ns);  // 1000 bytes in a millisecond
  for (int i = 0; i < 5; ++i) EXPECT_EQ(link.leaves(1s, 1000), 1s) << i;
  EXPECT_EQ(link.leaves(1s, 1000), 1s + 1ms);
  EXPECT_EQ(link.leaves(1s, 1000), 1s + 2ms);
  // Both have left and two more thousand bytes are saved up.
  EXPECT_EQ(link.leaves(1004ms, 1000), 1004ms);
  EXPECT_EQ(link.leaves(1004ms, 1000), 1004ms);
  EXPECT_EQ(link.leaves(1004ms, 1000), 1005ms);
}

TEST(RateModel, BegunAnewItsQueueIsEmptyThen) {
  const auto waits = [](RateModel&& link) {
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(link.offer(1s, 1000)) << i;
    EXPECT_GE(link.offer(1s, 1000)->leaves, 1100ms);
    link.begin_anew(1005ms);
    const auto next = link.offer(1005ms, 1000);
    EXPECT_FALSE(next->waited);
    EXPECT_GT(link.offer(1005ms, 1000)->leaves, next->leaves) << "and goes on as ever";
    return next->leaves - 1005ms;
  };
  EXPECT_EQ(waits(RateModel({.bits_per_second = 8'000'000, .queue = 1 << 20}, rate_draws, 0ns)), 1ms);
  const RateSettings slotted{.queue = 1 << 20, .slot_min = 10ms, .slot_max = 10ms, .slot_packets = 1};
  EXPECT_EQ(waits(RateModel(slotted, rate_draws, 0ns)), 10ms);
  const RateSettings recorded{.queue = 1 << 20, .trace = true};
  EXPECT_EQ(waits(RateModel(recorded, rate_draws, 0ns, milliseconds({2, 4}))), 1ms)
      << "the round it is in began at 1004 ms";
}

TEST(Bottleneck, CountsOverheadAndWholeCells) {
  EXPECT_EQ(wire_bytes({.overhead = 18}, 1000), 1018u);
  // ATM: 48 bytes of payload and 5 of header; 1000 + 8 bytes of AAL5 trailer are 21 cells exactly, one more are 22.
  const RateSettings atm{.overhead = 8, .cell = 48, .cell_overhead = 5};
  EXPECT_EQ(wire_bytes(atm, 1000), 21u * 53);
  EXPECT_EQ(wire_bytes(atm, 1001), 22u * 53);
}

TEST(Bottleneck, RampsUpEvenlyByFactors) {
  const Bottleneck link({.bits_per_second = 100'000'000, .ramp = 4s, .ramp_from = 10'000}, 10s);
  EXPECT_EQ(link.bits_per_second(10s), 10'000);
  EXPECT_EQ(link.bits_per_second(11s), 100'000);
  EXPECT_EQ(link.bits_per_second(12s), 1'000'000);
  EXPECT_EQ(link.bits_per_second(14s), 100'000'000);
  EXPECT_EQ(link.bits_per_second(99s), 100'000'000);
}

TEST(RateModel, SizesItsQueueFromRateAndDelay) {
  RateModel link({.bits_per_second = 80'000'000}, rate_draws, 0ns);
  EXPECT_EQ(link.queue_bytes(), 1'000'000u);  // 100 ms of 10 MB/s
  link.size_queue(300ms);
  EXPECT_EQ(link.queue_bytes(), 6'000'000u);
  EXPECT_EQ(RateModel({.bits_per_second = 8000}, rate_draws, 0ns).queue_bytes(), 15'000u);
  EXPECT_EQ(RateModel({.bits_per_second = 8'000'000, .bloated = true}, rate_draws, 0ns).queue_bytes(), 5'000'000u);
  EXPECT_EQ(RateModel({.bits_per_second = 8'000'000, .queue = 3000}, rate_draws, 0ns).queue_bytes(), 3000u);
}

TEST(RateModel, DropsTheTailOfAFullQueueAndTakesOneAgainWhenOneHasLeft) {
  RateModel link({.bits_per_second = 8'000'000, .queue = 3000}, rate_draws, 0ns);
  for (int i = 1; i <= 3; ++i) EXPECT_EQ(link.offer(0ns, 1000)->leaves, i * 1ms);
  EXPECT_FALSE(link.offer(0ns, 1000));
  EXPECT_FALSE(link.offer(999us, 1000));
  EXPECT_EQ(link.offer(1ms, 1000)->leaves, 4ms);
  EXPECT_FALSE(link.offer(1ms, 1000));
  // A queue smaller than a packet still takes one at a time.
  RateModel narrow({.bits_per_second = 8'000'000, .queue = 10}, rate_draws, 0ns);
  EXPECT_TRUE(narrow.offer(0ns, 1000));
  EXPECT_FALSE(narrow.offer(0ns, 1));
  EXPECT_TRUE(narrow.offer(1ms, 1000));
}

TEST(RateModel, MarksWhatWaitsTooLong) {
  RateModel link({.bits_per_second = 8'000'000, .mark_above = 2ms}, rate_draws, 0ns);
  EXPECT_FALSE(link.offer(0ns, 1000)->marked);
  EXPECT_FALSE(link.offer(0ns, 1000)->marked);
  EXPECT_TRUE(link.offer(0ns, 1000)->marked);
}

TEST(LinkTrace, DeliversAtItsInstantsAndBeginsAgain) {
  LinkTrace link(milliseconds({1, 1, 5, 10}), 0ns);
  EXPECT_EQ(link.leaves(0ns, 1500), 1ms);
  EXPECT_EQ(link.leaves(0ns, 1500), 1ms);
  EXPECT_EQ(link.leaves(0ns, 1500), 5ms);
  EXPECT_EQ(link.leaves(0ns, 1500), 10ms);
  EXPECT_EQ(link.leaves(0ns, 1500), 11ms);
  EXPECT_EQ(link.mean_bits_per_second(), 4 * 1504 * 8 * 100);
}

TEST(LinkTrace, SmallPacketsShareAnOpportunityAndLargeOnesTakeSeveral) {
  LinkTrace link(milliseconds({1, 2, 3}), 0ns);
  EXPECT_EQ(link.leaves(0ns, 748), 1ms);
  EXPECT_EQ(link.leaves(0ns, 748), 1ms);
  EXPECT_EQ(link.leaves(0ns, 748), 2ms);
  EXPECT_EQ(link.leaves(0ns, 1500), 3ms) << "half of it still in the opportunity before";
}

TEST(LinkTrace, WhatIsNotUsedIsLost) {
  LinkTrace link(milliseconds({1, 2, 3}), 10s);
  EXPECT_EQ(link.leaves(10s + 1500us, 1500), 10s + 2ms);
  EXPECT_EQ(link.leaves(10s + 3ms, 1500), 10s + 3ms) << "the instant itself counts";
  EXPECT_EQ(link.leaves(100s, 1500), 100s) << "30 000 rounds later exactly";
  EXPECT_EQ(link.leaves(100s, 1500), 100s + 1ms);
  EXPECT_THROW(LinkTrace(milliseconds({0}), 0ns), std::invalid_argument);
  EXPECT_THROW(LinkTrace(milliseconds({5, 4}), 0ns), std::invalid_argument);
}

TEST(LinkTrace, ASaturatedLinkDeliversTheTrace) {
  std::vector<std::int64_t> instants;
  for (std::uint64_t i = 0; i < 2000; ++i)
    instants.push_back(static_cast<std::int64_t>(rate_draws.below(i, 5'000'000'000)));
  std::sort(instants.begin(), instants.end());
  LinkTrace link(table(instants), 0ns);
  for (const auto instant : instants) ASSERT_EQ(link.leaves(0ns, 1500).count(), instant);
}

TEST(Slots, ReleaseInBurstsOfTheirSize) {
  RateModel link({.slot_min = 10ms, .slot_max = 10ms, .slot_packets = 3}, rate_draws, 0ns);
  std::vector<Instant> left;
  for (int i = 0; i < 7; ++i) left.push_back(link.offer(0ns, 100)->leaves);
  EXPECT_EQ(left, (std::vector<Instant>{10ms, 10ms, 10ms, 20ms, 20ms, 20ms, 30ms}));
  EXPECT_EQ(link.offer(95ms, 100)->leaves, 100ms);
}

TEST(Slots, ComeAsFarApartAsTheyWereDrawn) {
  Slots slots({.slot_min = 1ms, .slot_max = 3ms, .slot_packets = 1}, rate_draws, 0ns);
  std::vector<double> gaps;
  Instant last{};
  for (int i = 0; i < 100'000; ++i) {
    const Instant now = slots.leaves(0ns, 1);
    gaps.push_back(static_cast<double>((now - last).count()) / 1e6);
    last = now;
  }
  EXPECT_LT(support::kolmogorov(gaps, [](double x) { return (x - 1) / 2; }), support::kolmogorov_limit);
}

TEST(Slots, BeginAnewAfterALongSilence) {
  Slots slots({.slot_min = 1us, .slot_max = 1us, .slot_packets = 1}, rate_draws, 0ns);
  EXPECT_LE(slots.leaves(std::chrono::hours(24), 1) - std::chrono::hours(24), 1us);
}

}  // namespace
}  // namespace withstand::lab::link
