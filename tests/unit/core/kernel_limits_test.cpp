#include "core/kernel_limits.hpp"

#include <gtest/gtest.h>

namespace withstand::core {
namespace {

using namespace std::chrono_literals;
using Kind = Impairment::Kind;

Impairment of_kind(Kind kind) {
  Impairment made;
  made.kind = kind;
  return made;
}

std::string refused(const Impairment& asked) {
  const auto found = beyond_the_kernel(asked);
  return found ? found->parameter : "accepted";
}

TEST(KernelLimits, WhatTheKernelDoesWellIsAccepted) {
  Impairment bursts = of_kind(Kind::loss);
  bursts.settings.loss.model = LossSettings::Model::gilbert_elliott;
  Impairment slow = of_kind(Kind::latency);
  slow.settings.delay = {.delay = 10ms, .jitter = 2s};
  Impairment narrow = of_kind(Kind::rate);
  narrow.settings.rate.bits_per_second = 1'000'000;
  Impairment overtaking = of_kind(Kind::reorder);
  overtaking.settings.reorder = {.hold = 10ms, .chosen_overtake = true, .gap = 1};
  for (const auto& asked : {of_kind(Kind::partition), bursts, slow, narrow, overtaking, of_kind(Kind::duplicate)})
    EXPECT_EQ(refused(asked), "accepted") << static_cast<int>(asked.kind);
}

TEST(KernelLimits, CorrelationIsLeftToTheFabric) {
  Impairment loss = of_kind(Kind::loss), copies = of_kind(Kind::duplicate), slow = of_kind(Kind::latency);
  loss.settings.loss.random = {3'000'000, 250'000'000};
  copies.settings.choice = {3'000'000, 250'000'000};
  slow.settings.delay.correlation_ppb = 1;
  for (const auto& asked : {loss, copies, slow}) EXPECT_EQ(refused(asked), "correlation");
}

TEST(KernelLimits, WhatTheKernelCannotDoNamesItsParameter) {
  Impairment damaged = of_kind(Kind::corrupt), slots = of_kind(Kind::rate), tail = of_kind(Kind::latency);
  slots.settings.rate.bits_per_second = 1;
  slots.settings.rate.slot_max = 1ms;
  tail.settings.delay = {.delay = 1s, .jitter = 400ms, .distribution = DelaySettings::Distribution::pareto};
  Impairment followed = of_kind(Kind::partition), loose = of_kind(Kind::partition), held = of_kind(Kind::reorder);
  followed.settings.match.state = Match::State::established;
  loose.settings.flap.down_max = 1s;
  EXPECT_EQ(refused(damaged), "where");
  EXPECT_EQ(refused(slots), "slot_min");
  EXPECT_EQ(refused(tail), "jitter");
  EXPECT_EQ(refused(followed), "connections");
  EXPECT_EQ(refused(loose), "");
  EXPECT_EQ(refused(held), "held");
  EXPECT_EQ(refused(of_kind(Kind::mtu)), "");
}

std::string refused_together(const std::vector<Impairment>& asked) {
  std::vector<const Impairment*> all;
  for (const auto& each : asked) all.push_back(&each);
  const auto found = beyond_the_kernel_together(all);
  return found ? found->message : "";
}

TEST(KernelLimits, SomeThingsCannotBeTogether) {
  const Impairment cut = of_kind(Kind::partition), loss = of_kind(Kind::loss), slow = of_kind(Kind::latency),
                   copies = of_kind(Kind::duplicate), rate = of_kind(Kind::rate), order = of_kind(Kind::reorder);
  Impairment narrowed = loss;
  narrowed.settings.match.port = 80;
  EXPECT_EQ(refused_together({loss, loss, slow, slow, rate}), "");
  EXPECT_EQ(refused_together({copies, rate}), "");
  EXPECT_EQ(refused_together({cut, copies, order, rate, rate}), "");
  EXPECT_THAT(refused_together({copies, slow}), testing::HasSubstr("copies"));
  EXPECT_THAT(refused_together({rate, rate}), testing::HasSubstr("two rates"));
  EXPECT_THAT(refused_together({rate, order}), testing::HasSubstr("reordering"));
  EXPECT_THAT(refused_together({loss, narrowed}), testing::HasSubstr("narrowed differently"));
}

}  // namespace
}  // namespace withstand::core
