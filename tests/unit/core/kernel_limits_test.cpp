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
  slots.settings.rate.slot_max = 1ms;
  EXPECT_EQ(refused(slots), "accepted");
  slots.settings.rate.queue = 10'000;
  tail.settings.delay = {.delay = 1s, .jitter = 400ms, .distribution = DelaySettings::Distribution::pareto};
  Impairment loose = of_kind(Kind::partition), held = of_kind(Kind::reorder), marks = of_kind(Kind::rate);
  loose.settings.flap.down_max = 1s;
  marks.settings.rate.mark_above = 1ms;
  EXPECT_EQ(refused(damaged), "where");
  EXPECT_EQ(refused(slots), "queue") << "what waits for slots alone is not counted in bytes";
  EXPECT_EQ(refused(marks), "mark_above");
  EXPECT_EQ(refused(tail), "jitter");
  EXPECT_EQ(refused(loose), "");
  EXPECT_EQ(refused(held), "held");
}

TEST(KernelLimits, OfConnectionsOnlyRefusingAllOfThem) {
  StreamSettings asked;
  asked.action = StreamSettings::Action::refuse;
  EXPECT_FALSE(beyond_the_kernel(asked, "refuse"));
  asked.toxicity_ppb = 500'000'000;
  EXPECT_EQ(beyond_the_kernel(asked, "refuse")->parameter, "toxicity");
  asked.action = StreamSettings::Action::reset;
  EXPECT_EQ(beyond_the_kernel(asked, "reset")->parameter, "action");
}

std::vector<const Impairment*> pointers(const std::vector<Impairment>& asked) {
  std::vector<const Impairment*> all;
  for (const auto& each : asked) all.push_back(&each);
  return all;
}

std::string refused_together(const std::vector<Impairment>& asked) {
  const auto found = beyond_the_kernel_together(pointers(asked));
  return found ? found->message : "";
}

class Together : public ::testing::Test {
 protected:
  Together() {
    narrowed.settings.match.port = 80;
    bursts.settings.loss.model = LossSettings::Model::gilbert_elliott;
    rate.settings.rate.bits_per_second = 1'000'000;
    jitter.settings.delay = {.delay = 10ms, .jitter = 1ms};
  }
  const Impairment cut = of_kind(Kind::partition), loss = of_kind(Kind::loss), slow = of_kind(Kind::latency),
                   copies = of_kind(Kind::duplicate), damage = of_kind(Kind::corrupt), order = of_kind(Kind::reorder),
                   small = of_kind(Kind::mtu), hops = of_kind(Kind::ttl);
  Impairment narrowed = of_kind(Kind::loss), bursts = of_kind(Kind::loss), rate = of_kind(Kind::rate),
             jitter = of_kind(Kind::latency);
};

TEST_F(Together, MostThingsCanBe) {
  EXPECT_EQ(refused_together({small, hops, loss, loss, bursts, damage, rate, rate, slow, jitter}), "");
  EXPECT_EQ(refused_together({small, hops, loss, loss, copies, damage, rate, slow, jitter}), "");
  EXPECT_EQ(refused_together({copies, order}), "");
  EXPECT_EQ(refused_together({cut, copies, order, rate, rate}), "");
  EXPECT_EQ(refused_together({narrowed, slow}), "");
  EXPECT_EQ(refused_together({small, hops, narrowed}), "");
}

TEST_F(Together, SomeThingsCannotBe) {
  EXPECT_THAT(refused_together({copies, copies}), testing::HasSubstr("two faults that copy"));
  EXPECT_THAT(refused_together({bursts, copies}), testing::HasSubstr("in bursts"));
  EXPECT_THAT(refused_together({copies, jitter, jitter}), testing::HasSubstr("two latencies with jitter"));
  EXPECT_THAT(refused_together({copies, slow, order}), testing::HasSubstr("a second fault that delays"));
  EXPECT_THAT(refused_together({rate, order}), testing::HasSubstr("reordering"));
  EXPECT_THAT(refused_together({narrowed, rate}), testing::HasSubstr("narrowed to some of its packets"));
  EXPECT_THAT(refused_together({narrowed, jitter}), testing::HasSubstr("narrowed to some of its packets"));
}

TEST_F(Together, WhoeverIsNarrowedHasQueuesOfItsOwn) {
  const auto classes = queue_classes(pointers({narrowed, slow}));
  ASSERT_EQ(classes.size(), 2U);
  EXPECT_EQ(classes[0].match.port, 80) << "the narrower first";
  EXPECT_EQ(classes[0].asked, (std::vector<std::size_t>{0, 1}));
  EXPECT_TRUE(classes[1].match.everything());
  EXPECT_EQ(classes[1].asked, (std::vector<std::size_t>{1}));
}

/// Super-packets are cut where rules look at packets, whatever else is asked.
TEST_F(Together, WhereRulesDecideEverythingIsCut) {
  EXPECT_EQ(queue_classes(pointers({small, slow})).size(), 1U);
  const auto alone = queue_classes(pointers({small}));
  ASSERT_EQ(alone.size(), 1U);
  EXPECT_TRUE(alone[0].asked.empty());
  const auto beside = queue_classes(pointers({small, narrowed}));
  ASSERT_EQ(beside.size(), 2U);
  EXPECT_EQ(beside[0].asked, (std::vector<std::size_t>{1}));
  EXPECT_TRUE(beside[1].match.everything());
}

TEST(PacketClasses, AreClosedUnderIntersection) {
  Match tcp{.protocol = 6}, port{.port = 80}, udp{.protocol = 17}, other{.port = 81};
  EXPECT_EQ(both_of(tcp, port)->protocol, 6);
  EXPECT_EQ(both_of(tcp, port)->port, 80);
  EXPECT_FALSE(both_of(tcp, udp));
  EXPECT_FALSE(both_of(port, other));
  EXPECT_FALSE(both_of(port, Match{.protocol = 1})) << "ICMP has no ports";
  EXPECT_TRUE(covers({}, tcp));
  EXPECT_FALSE(covers(tcp, {}));
  Impairment first = of_kind(Kind::loss), second = of_kind(Kind::latency);
  first.settings.match = tcp;
  second.settings.match = port;
  const auto classes = packet_classes({&first, &second});
  ASSERT_EQ(classes.size(), 3U);
  EXPECT_EQ(classes[0].asked, (std::vector<std::size_t>{0, 1}));
}

}  // namespace
}  // namespace withstand::core
