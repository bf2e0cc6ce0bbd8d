#include <cmath>

#include <gtest/gtest.h>

#include "lab/link/delay_histogram.hpp"
#include "lab/link/health.hpp"
#include "lab/link/recount.hpp"
#include "lab/link/release_queue.hpp"
#include "lab/link/stage.hpp"
#include "support/net_rig.hpp"

namespace withstand::lab::link {
namespace {

using namespace std::chrono_literals;
using Kind = core::Impairment::Kind;

std::shared_ptr<Stage> stage(Kind kind, const core::LinkSettings& settings = {}, std::string_view fault = "a fault") {
  const auto draws = core::draw_stream(7, fault, "n1>n2", kind == Kind::loss ? "loss" : "jitter");
  const StageSettings wanted{.kind = kind, .handle = 1, .settings = settings};
  return std::make_shared<Stage>(std::make_shared<const StageSettings>(wanted), draws, 0ns);
}

core::LinkSettings loss(std::int64_t ppb) { return {.loss = {.random = {.ppb = ppb}}}; }
core::LinkSettings latency(std::chrono::nanoseconds delay, std::chrono::nanoseconds jitter = 0ns) {
  return {.delay = {.delay = delay, .jitter = jitter}};
}

std::vector<Fate> fates_of(const Plan& plan, const PacketFacts& packet = {}) {
  std::vector<Fate> fates;
  decide(plan, packet, fates);
  return fates;
}

/// The delay of a packet that is let through.
std::optional<std::chrono::nanoseconds> delay_of(const Plan& plan) {
  const auto fates = fates_of(plan);
  EXPECT_EQ(fates.size(), 1u);
  if (fates[0].dropped) return {};
  return fates[0].delay();
}

TEST(LinkStage, APartitionRefusesAndNothingBehindItIsAsked) {
  const Plan plan{stage(Kind::partition), stage(Kind::loss, loss(500'000'000)), stage(Kind::latency, latency(1ms))};
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(fates_of(plan, {.packets = 3}).at(0).dropped);
  EXPECT_EQ(plan[0]->offered, 30u);
  EXPECT_EQ(plan[1]->offered, 0u);
  EXPECT_EQ(plan[2]->offered, 0u);
  EXPECT_EQ(plan[1]->next_draw, 0u);
}

TEST(LinkStage, LatenciesAddUpWithinTheirJitter) {
  const Plan plan{stage(Kind::latency, latency(10ms, 2ms)), stage(Kind::latency, latency(5ms))};
  for (int i = 0; i < 1000; ++i) {
    const auto delay = delay_of(plan);
    ASSERT_TRUE(delay);
    ASSERT_GE(*delay, 13ms);
    ASSERT_LE(*delay, 17ms);
  }
  EXPECT_EQ(longest_delay(plan), 17ms);
  EXPECT_TRUE(needs_packets(plan)) << "each packet is drawn its own";
  EXPECT_FALSE(needs_packets({stage(Kind::latency, latency(5ms))}));
}

TEST(LinkStage, JitterLargerThanTheDelayNeverGoesBackInTime) {
  const Plan plan{stage(Kind::latency, latency(1ms, 5ms))};
  int at_once = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto delay = delay_of(plan);
    ASSERT_GE(*delay, 0ms);
    at_once += *delay == 0ms;
  }
  // Four in ten: 400 with a deviation of 15.5, so less than 300 once in 1e10 seeds.
  EXPECT_GT(at_once, 300);
}

TEST(LinkStage, TheRecountAgreesWithEveryDecision) {
  const core::Topology topology = support::plain_topology(2);
  for (const std::int64_t ppb : {0L, 1L, 10'000'000L, 500'000'000L, 999'999'999L, 1'000'000'000L}) {
    const core::Impairment impairment{.kind = Kind::loss, .fault = "a fault", .seed = 7, .settings = loss(ppb)};
    Recount recount(topology, impairment);
    const Plan plan{stage(Kind::loss, loss(ppb))};
    std::uint64_t drops = 0;
    for (std::uint64_t i = 1; i <= 5000; ++i) {
      drops += delay_of(plan) ? 0U : 1U;
      ASSERT_EQ(recount.decided({0, 1}, 0, i), drops) << ppb << " ppb, packet " << i;
    }
    // What the stage reports without having counted refusals: nothing came out.
    EXPECT_EQ(plan[0]->effect({0, 1}, 0ns).refused, 5000u);
  }
}

/// A packet of UDP without a payload, but with the length it is said to have.
PacketHeader udp(std::uint16_t port) {
  return {.protocol = 17, .transport = 20, .payload = 28, .source_port = 40000, .destination_port = port};
}

TEST(LinkStage, CopiesMeetOnlyWhatIsBehind) {
  const Plan plan{stage(Kind::loss, loss(0)), stage(Kind::duplicate, {.choice = {.ppb = 1'000'000'000}, .copies = 2}),
                  stage(Kind::latency, latency(1ms, 1ms))};
  const auto fates = fates_of(plan);
  ASSERT_EQ(fates.size(), 3u);
  EXPECT_EQ(fates[0].met, 0b111u);
  EXPECT_EQ(fates[0].changed, 0u);
  for (const std::size_t copy : {1u, 2u}) {
    EXPECT_EQ(fates[copy].met, 0b100u);
    EXPECT_EQ(fates[copy].changed, 0b010u);
    EXPECT_NE(fates[copy].delay(), fates[0].delay()) << "a draw of its own";
  }
  EXPECT_EQ(plan[1]->offered, 1u);
  EXPECT_EQ(plan[2]->offered, 3u);
}

TEST(LinkStage, AnImpairmentLeavesAloneWhatItDoesNotMatch) {
  const PacketHeader dns = udp(53), other = udp(54);
  const Plan plan{
      stage(Kind::loss, {.match = {.protocol = 17, .port = 53}, .loss = {.random = {.ppb = 1'000'000'000}}})};
  EXPECT_TRUE(fates_of(plan, {.header = &dns}).at(0).dropped);
  EXPECT_FALSE(fates_of(plan, {.header = &other}).at(0).dropped);
  EXPECT_FALSE(fates_of(plan).at(0).dropped) << "no IP packet";
  EXPECT_EQ(plan[0]->offered, 1u);
  EXPECT_EQ(fates_of(plan, {.header = &other}).at(0).met, 0u);
}

TEST(LinkStage, LargePacketsVanishInABlackHole) {
  const Plan plan{stage(Kind::mtu, {.mtu = 1400})};
  EXPECT_FALSE(fates_of(plan, {.bytes = 1400}).at(0).dropped);
  EXPECT_TRUE(fates_of(plan, {.bytes = 1401}).at(0).dropped);
  EXPECT_TRUE(needs_packets(plan));
}

TEST(LinkStage, TimeToLiveRunsOutAfterAllRoutersTogether) {
  const Plan plan{stage(Kind::ttl, {.hops = 10}), stage(Kind::ttl, {.hops = 5})};
  const PacketHeader header = udp(53);
  EXPECT_EQ(fates_of(plan, {.header = &header, .time_to_live = 16}).at(0).hops, 15);
  EXPECT_TRUE(fates_of(plan, {.header = &header, .time_to_live = 15}).at(0).dropped);
  EXPECT_TRUE(fates_of(plan, {.header = &header, .time_to_live = 10}).at(0).dropped);
  EXPECT_FALSE(needs_packets(plan));
  EXPECT_EQ(plan[0]->egress.all.dropped_later, 1u) << "the second took what the first let through";
}

TEST(LinkStage, HoldsBackTheChosenOrAllOthers) {
  for (const bool overtake : {false, true}) {
    const core::LinkSettings settings{.choice = {.ppb = 500'000'000},
                                      .reorder = {.hold = 3ms, .chosen_overtake = overtake, .gap = 4}};
    const Plan plan{stage(Kind::reorder, settings)};
    int chosen = 0;
    for (int i = 1; i <= 4000; ++i) {
      const Fate fate = fates_of(plan).at(0);
      const bool hit = fate.changed != 0;
      ASSERT_TRUE(!hit || i % 4 == 0);
      ASSERT_EQ(fate.loose, hit != overtake ? 3ms : 0ms);
      ASSERT_EQ(fate.ordered, 0ms);
      chosen += hit;
    }
    EXPECT_NEAR(chosen, 500, 6 * 16);  // of 1000, each with one half: a deviation of 15.8, exceeded once in 5e8 seeds
  }
}

TEST(LinkStage, RatesInARowTakePacketsFromEachOther) {
  const Plan plan{stage(Kind::rate, {.rate = {.bits_per_second = 8'000'000}}),
                  stage(Kind::rate, {.rate = {.bits_per_second = 4'000'000}})};
  EXPECT_EQ(fates_of(plan, {.bytes = 1000}).at(0).delay(), 3ms);
  EXPECT_EQ(fates_of(plan, {.bytes = 1000}).at(0).delay(), 5ms) << "the slower one is the only queue";
}

TEST(LinkStage, AFlappingPartitionIsMetOnlyWhileItIsDown) {
  const Plan plan{stage(Kind::partition, {.flap = {.up_min = 1s, .up_max = 1s, .down_min = 1s, .down_max = 1s}})};
  EXPECT_FALSE(fates_of(plan, {.read = 500ms}).at(0).dropped);
  EXPECT_TRUE(fates_of(plan, {.read = 1500ms}).at(0).dropped);
  EXPECT_EQ(plan[0]->offered, 1u);
  EXPECT_FALSE(plan[0]->forbids(500ms, {}));
  EXPECT_TRUE(plan[0]->forbids(1500ms, {}));
  EXPECT_EQ(plan[0]->effect({}, 3500ms).times_down, 2u);
}

TEST(LinkDrainMeter, MeasuresOnlyWhatLeftWhileMoreWaited) {
  DrainMeter meter;
  meter.add(0ms, 10ms, 1000, false, 0, 1);
  meter.add(5ms, 11ms, 1000, true, 1, 1);
  meter.add(20ms, 30ms, 1000, false, 2, 1);  // came to an empty queue
  meter.add(21ms, 32ms, 1000, true, 3, 1);
  core::LinkEffect effect;
  meter.fill(effect);
  EXPECT_EQ(effect.busy_bytes, 2000u);
  EXPECT_EQ(effect.busy_ns, 3'000'000);
  EXPECT_EQ(effect.wire_bytes, 4000u);
  EXPECT_EQ(effect.span_ns, 32'000'000);
}

TEST(LinkDrainMeter, KnowsNothingOfPacketsThatAreNoNeighbours) {
  DrainMeter meter;
  meter.add(0ms, 10ms, 1000, true, 0, 1);
  meter.add(1ms, 11ms, 1000, true, 1, 1);
  meter.add(3ms, 13ms, 1000, true, 3, 1);  // the one between is held behind the queue
  meter.add(2ms, 12ms, 1000, true, 2, 1);
  meter.add(4ms, 14ms, 1000, true, 4, 2);
  meter.add(5ms, 16ms, 2000, true, 6, 1);
  core::LinkEffect effect;
  meter.fill(effect);
  EXPECT_EQ(effect.busy_bytes, 3000u);
  EXPECT_EQ(effect.busy_ns, 3'000'000);
  EXPECT_EQ(effect.wire_bytes, 7000u);
  EXPECT_EQ(effect.span_ns, 16'000'000);
}

TEST(LinkDelayTrace, TellsWhetherPacketsTookWhatTheyWereAsked) {
  DelayTrace kept, lost, noisy;
  for (int i = 0; i < 1000; ++i) {
    const auto asked = 40ms + (i % 10) * 1ms;
    kept.add(asked, asked, asked + 20us);
    lost.add(asked, asked, 45ms);
    noisy.add(asked, asked, asked + (i % 100 == 0 ? 50ms : 0ms));
  }
  core::LinkEffect effect;
  kept.fill(effect);
  EXPECT_EQ(effect.draws, 1000u);
  EXPECT_EQ(effect.hasty, 0u);
  EXPECT_EQ(effect.drawn_min_ns, 40'000'000);
  EXPECT_EQ(effect.drawn_max_ns, 49'000'000);
  EXPECT_NEAR(effect.follows, 1, 1e-9);
  EXPECT_NEAR(effect.follows_error, 0, 1e-6);
  lost.fill(effect);
  EXPECT_NEAR(effect.follows, 0, 1e-9);
  noisy.fill(effect);
  EXPECT_NEAR(effect.follows, 1, 6 * effect.follows_error);
  EXPECT_GT(effect.follows_error, 0.03);
}

TEST(LinkDelayTrace, SeesPacketsThatAreDueSoonerThanDrawn) {
  DelayTrace trace;
  trace.add(10ms, 10ms, 11ms);
  trace.add(10ms, 12ms, 13ms);
  trace.add(10ms, 9ms, 9ms);
  core::LinkEffect effect;
  trace.fill(effect);
  EXPECT_EQ(effect.hasty, 1u);
  EXPECT_EQ(effect.draws, 3u);
}

TEST(LinkRecount, FollowsEveryModelThatChooses) {
  const core::Topology topology = support::plain_topology(2);
  std::vector<core::Impairment> impairments(4);
  impairments[0].kind = Kind::loss;
  impairments[0].settings.loss = {
      .model = core::LossSettings::Model::gilbert_elliott, .p = 50'000'000, .r = 300'000'000};
  impairments[1].kind = Kind::duplicate;
  impairments[1].settings.choice = {.ppb = 100'000'000, .correlation_ppb = 500'000'000};
  impairments[1].settings.copies = 3;
  impairments[2].kind = Kind::corrupt;
  impairments[2].settings.choice = {.ppb = 100'000'000};
  impairments[2].settings.corrupt.where = core::CorruptSettings::Where::anywhere;
  impairments[3].kind = Kind::reorder;
  impairments[3].settings.choice = {.ppb = 700'000'000};
  impairments[3].settings.reorder = {.hold = 1ms, .gap = 3};
  const PacketHeader header = udp(9);
  for (const auto& impairment : impairments) {
    Recount recount(topology, impairment);
    const StageSettings settings{.kind = impairment.kind, .handle = 1, .settings = impairment.settings};
    const auto shared = std::make_shared<const StageSettings>(settings);
    const Plan plan{std::make_shared<Stage>(shared, draws_of(topology, impairment, {0, 1}), 0ns)};
    std::uint64_t hits = 0;
    for (std::uint64_t i = 1; i <= 5000; ++i) {
      for (const Fate& fate : fates_of(plan, {.header = &header})) hits += fate.dropped || fate.changed != 0;
      ASSERT_EQ(recount.decided({0, 1}, 0, i), hits) << i;
    }
    EXPECT_GT(hits, 100u);
  }
}

TEST(LinkReleaseQueue, ReleasesByTimeAndEqualTimesInOrder) {
  ReleaseQueue queue;
  EXPECT_EQ(queue.next_due(), core::Instant::max());
  for (const auto& [due, number] : std::vector<std::pair<int, std::uint32_t>>{{5, 0}, {3, 1}, {5, 2}, {1, 3}, {3, 4}}) {
    Parcel parcel;
    parcel.due = core::Instant(due);
    parcel.packets = number;
    queue.push(std::move(parcel));
  }
  std::vector<std::uint32_t> order;
  while (!queue.empty()) order.push_back(queue.pop().packets);
  EXPECT_EQ(order, (std::vector<std::uint32_t>{3, 1, 4, 0, 2}));
}

TEST(LinkDelayHistogram, QuantilesAreWithinAThousandth) {
  DelayHistogram histogram;
  for (std::int64_t i = 1; i <= 100'000; ++i) histogram.add(i * 1000);
  EXPECT_EQ(histogram.count(), 100'000u);
  EXPECT_EQ(histogram.min(), 1000);
  EXPECT_EQ(histogram.max(), 100'000'000);
  EXPECT_EQ(histogram.mean(), 50'000'500);
  EXPECT_NEAR(static_cast<double>(histogram.deviation()), 1e8 / std::sqrt(12), 1e3);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.5)), 50e6, 50e3);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(0.99)), 99e6, 99e3);
  EXPECT_NEAR(static_cast<double>(histogram.quantile(1)), 100e6, 100e3);
}

TEST(LinkDelayHistogram, TakesEveryValue) {
  DelayHistogram histogram;
  EXPECT_EQ(histogram.quantile(0.5), 0);
  EXPECT_EQ(histogram.min(), 0);
  for (const std::int64_t value : {INT64_MIN, INT64_C(-1), INT64_C(0), INT64_C(511), INT64_C(512), INT64_MAX})
    histogram.add(value);
  EXPECT_EQ(histogram.min(), 0);
  EXPECT_EQ(histogram.max(), INT64_MAX);
  EXPECT_EQ(histogram.quantile(0.6), 511);
}

TEST(LinkHealth, IsFineWhenTheKernelAgrees) {
  const core::Topology topology = support::plain_topology(2);
  NodeAudit audit{.fabric = {.read = 10, .written = 20}, .kernel = {.rx_packets = 20, .tx_packets = 10}};
  EXPECT_EQ(
      judge_health(topology, {.queued = 1000, .late = 10, .lateness_p99_ns = 1'900'000, .stall_max_ns = 90'000'000},
                   {audit, audit})
          .overload,
      "");
}

TEST(LinkHealth, NamesEveryBrokenPromise) {
  const core::Topology topology = support::plain_topology(2);
  const NodeAudit fine{.fabric = {.read = 10, .written = 20}, .kernel = {.rx_packets = 20, .tx_packets = 10}};
  const NodeAudit off{.fabric = {.read = 10, .written = 20},
                      .kernel = {.rx_packets = 21, .tx_packets = 12, .rx_dropped = 0, .tx_dropped = 3}};
  const auto health = judge_health(
      topology,
      {.queue_drops = 4, .queued = 1000, .late = 11, .lateness_p99_ns = 2'500'000, .stall_max_ns = 312'000'000},
      {fine, off});
  EXPECT_EQ(health.overload,
            "3 packets that n2 sent were lost because the fabric did not read them in time; "
            "the kernel counted 12 frames read from n2, the fabric 10; "
            "the kernel counted 21 frames written to n2, the fabric 20; "
            "4 packets found a delayed link's queue full; "
            "11 of 1000 delayed packets left more than 2 ms, or a tenth of their delay, after their time (99th "
            "percentile of all 2.5 ms); "
            "the fabric stood still for 312 ms");
  EXPECT_EQ(health.kernel_drops, 3u);
  EXPECT_EQ(health.forwarded, 40u);
}

TEST(LinkHealth, OfManyNodesOneSentenceTells) {
  const core::Topology topology = support::plain_topology(5);
  const auto lost = [](std::uint64_t dropped) {
    return NodeAudit{.fabric = {.read = 10, .written = 20},
                     .kernel = {.rx_packets = 20, .tx_packets = 13, .rx_dropped = 0, .tx_dropped = dropped}};
  };
  EXPECT_EQ(judge_health(topology, {}, {lost(1), lost(2), lost(7), lost(3), lost(4)}).overload,
            "17 packets that 5 nodes sent were lost because the fabric did not read them in time (most of n3: 7); "
            "kernel and fabric differ by 15 frames in what was read from 5 nodes (most for n1: 3)");
}

}  // namespace
}  // namespace withstand::lab::link
