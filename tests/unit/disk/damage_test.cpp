#include "lab/disk/damage.hpp"

#include <algorithm>
#include <bit>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lab/disk/allocated.hpp"
#include "lab/disk/bucket.hpp"

namespace withstand::lab::disk {
namespace {

using namespace std::chrono_literals;
using Kind = core::DiskRule::Damage::Kind;

core::DiskRule rule_of(Kind kind, std::uint64_t block = 16) {
  core::DiskRule rule;
  rule.action = core::DiskRule::Action::damage;
  rule.damage.kind = kind;
  rule.damage.block = block;
  return rule;
}

core::DrawStream stream() { return core::draw_stream(1, "f", "n1", "test"); }

std::vector<std::byte> data(std::size_t size, char value = 'a') {
  return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

std::set<std::size_t> differing(const std::vector<std::byte>& a, const std::vector<std::byte>& b) {
  std::set<std::size_t> found;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != b[i]) found.insert(i);
  return found;
}

TEST(Damage, FlipsExactlyAsManyBitsAndSaysWhich) {
  auto rule = rule_of(Kind::bits);
  rule.damage.bits = 5;
  for (std::uint64_t ordinal = 1; ordinal < 200; ++ordinal) {
    const auto how = draw_damage(rule, stream(), ordinal, {100, 140}, 1000);
    ASSERT_TRUE(how);
    auto bytes = data(40);
    ASSERT_TRUE(damage(*how, bytes, 100));
    int flipped = 0;
    for (const std::byte each : bytes)
      flipped += std::popcount(static_cast<unsigned>(each) ^ static_cast<unsigned>('a'));
    EXPECT_EQ(flipped, 5);
    EXPECT_EQ(how->bits.size(), 5U);
    EXPECT_THAT(to_text(*how), ::testing::HasSubstr(" of byte 1"));
  }
}

TEST(Damage, ABlockLiesBetweenTheBordersOfBlocks) {
  std::set<std::uint64_t> begins;
  for (std::uint64_t ordinal = 1; ordinal < 200; ++ordinal) {
    const auto how = draw_damage(rule_of(Kind::zeros), stream(), ordinal, {20, 70}, 1000);
    ASSERT_TRUE(how);
    auto bytes = data(50);
    ASSERT_TRUE(damage(*how, bytes, 20));
    const auto changed = differing(bytes, data(50));
    ASSERT_EQ(changed.size(), how->where.size());
    EXPECT_EQ((how->where.begin) / 16, (how->where.end - 1) / 16);
    begins.insert(how->where.begin);
  }
  EXPECT_EQ(begins, (std::set<std::uint64_t>{20, 32, 48, 64}));
}

TEST(Damage, TheSameOperationSuffersTheSame) {
  for (const Kind kind : {Kind::bits, Kind::noise, Kind::zeros}) {
    auto first = data(64), second = data(64), other = data(64);
    damage(*draw_damage(rule_of(kind), stream(), 7, {0, 64}, 64), first, 0);
    damage(*draw_damage(rule_of(kind), stream(), 7, {0, 64}, 64), second, 0);
    damage(*draw_damage(rule_of(kind), stream(), 9, {0, 64}, 64), other, 0);
    EXPECT_EQ(first, second);
    EXPECT_NE(first, other);
  }
}

TEST(Damage, StripesOfNodesNeverMeet) {
  std::vector<std::set<std::uint64_t>> damaged(3);
  for (std::uint32_t part = 0; part < 3; ++part) {
    auto rule = rule_of(Kind::zeros);
    rule.damage.stripe = 48;
    rule.damage.part = part;
    rule.damage.parts = 3;
    for (const Extent& piece : damageable(rule, {5, 1000}))
      for (std::uint64_t byte = piece.begin; byte < piece.end; ++byte) damaged[part].insert(byte);
  }
  std::size_t all = 0;
  for (const auto& each : damaged) all += each.size();
  EXPECT_EQ(all, 995U);
  for (std::uint64_t byte = 5; byte < 1000; ++byte)
    EXPECT_EQ(std::count_if(damaged.begin(), damaged.end(), [&](const auto& each) { return each.contains(byte); }), 1);
}

TEST(Damage, RangesHold) {
  auto rule = rule_of(Kind::bits);
  rule.first_byte = 30;
  rule.end_byte = 40;
  EXPECT_FALSE(draw_damage(rule, stream(), 1, {0, 30}, 100));
  EXPECT_FALSE(draw_damage(rule, stream(), 1, {40, 90}, 100));
  const auto how = draw_damage(rule, stream(), 1, {0, 90}, 100);
  ASSERT_TRUE(how);
  EXPECT_GE(concerned(*how).begin, 30U);
  EXPECT_LE(concerned(*how).end, 40U);
}

TEST(Damage, WhatIsMisdirectedComesFromAnotherBlock) {
  EXPECT_FALSE(draw_damage(rule_of(Kind::misdirected), stream(), 1, {0, 16}, 16));
  for (std::uint64_t ordinal = 1; ordinal < 100; ++ordinal) {
    const auto how = draw_damage(rule_of(Kind::misdirected), stream(), ordinal, {32, 48}, 100);
    ASSERT_TRUE(how);
    EXPECT_NE(how->other, 32U);
    EXPECT_LT(how->other, 112U);
    EXPECT_EQ(how->other % 16, 0U);
  }
}

TEST(Damage, DataThatEndsBeforeItIsLeftAlone) {
  const auto how = draw_damage(rule_of(Kind::zeros), stream(), 1, {16, 32}, 100);
  auto bytes = data(16);
  EXPECT_FALSE(damage(*how, bytes, 0));
  EXPECT_EQ(bytes, data(16));
}

TEST(Bucket, GivesTheBurstAtOnceAndThenItsRate) {
  Bucket bucket(1000, 100);
  const auto start = 5s;
  EXPECT_EQ(bucket.take(100, start), 0ns);
  EXPECT_EQ(bucket.take(50, start), 50ms);
  EXPECT_EQ(bucket.take(50, start), 100ms);
  EXPECT_EQ(bucket.take(50, start + 1s), 0ns);
  EXPECT_EQ(bucket.take(300, start + 10s), 200ms);  // larger than the bucket: what is beyond it
}

TEST(Bucket, NeverGivesMoreThanItMay) {
  Bucket bucket(12345, 6789);
  std::uint64_t state = 1, given = 0;
  auto now = std::chrono::nanoseconds(1s);
  auto last = now;
  for (int i = 0; i < 10000; ++i) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    now += std::chrono::microseconds((state >> 33U) % 200000);
    const std::uint64_t bytes = (state >> 40U) % 4000;
    last = std::max(last, now + bucket.take(bytes, now));
    given += bytes;
    const double seconds = std::chrono::duration<double>(last - 1s).count();
    ASSERT_LE(static_cast<double>(given), 6789 + 12345 * seconds + 1);
  }
}

TEST(Room, IsNeededOnlyForBlocksThatAreNotThere) {
  const std::vector<Extent> known{{0, 8192}, {16384, 20480}};
  EXPECT_EQ(end_that_fits(known, {0, 8192}, 0, 4096), 8192U);
  EXPECT_EQ(end_that_fits(known, {100, 9000}, 0, 4096), 8192U);
  EXPECT_EQ(end_that_fits(known, {100, 30000}, 4096, 4096), 12288U);
  EXPECT_EQ(end_that_fits(known, {100, 30000}, 8192, 4096), 20480U);
  EXPECT_EQ(end_that_fits(known, {100, 30000}, 3 * 4096 + 5, 4096), 24576U);
  EXPECT_EQ(end_that_fits({}, {5000, 5010}, 4095, 4096), 5000U);
}

}  // namespace
}  // namespace withstand::lab::disk
