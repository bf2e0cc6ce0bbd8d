#include <gtest/gtest.h>

#include "lab/link/delay_histogram.hpp"
#include "lab/link/health.hpp"
#include "lab/link/loss_recount.hpp"
#include "lab/link/release_queue.hpp"
#include "lab/link/stage.hpp"
#include "support/net_rig.hpp"

namespace withstand::lab::link {
namespace {

using namespace std::chrono_literals;
using Kind = core::Impairment::Kind;

std::shared_ptr<Stage> stage(StageSettings settings, std::string_view fault = "a fault") {
  auto made = std::make_shared<Stage>();
  made->settings = settings;
  made->draws = core::draw_stream(7, fault, "n1>n2", settings.kind == Kind::loss ? "loss" : "jitter");
  return made;
}

TEST(LinkStage, APartitionRefusesAndNothingBehindItIsAsked) {
  const Plan plan{stage({.kind = Kind::partition}), stage({.kind = Kind::loss, .loss_ppb = 500'000'000}),
                  stage({.kind = Kind::latency, .delay = 1ms})};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(decide(plan, 3), std::nullopt);
  EXPECT_EQ(plan[0]->offered, 30u);
  EXPECT_EQ(plan[1]->offered, 0u);
  EXPECT_EQ(plan[2]->offered, 0u);
  EXPECT_EQ(plan[1]->next_draw, 0u);
}

TEST(LinkStage, LatenciesAddUpWithinTheirJitter) {
  const Plan plan{stage({.kind = Kind::latency, .delay = 10ms, .jitter = 2ms}),
                  stage({.kind = Kind::latency, .delay = 5ms})};
  for (int i = 0; i < 1000; ++i) {
    const auto delay = decide(plan, 1);
    ASSERT_TRUE(delay);
    ASSERT_GE(*delay, 13ms);
    ASSERT_LE(*delay, 17ms);
  }
  EXPECT_EQ(longest_delay(plan), 17ms);
  EXPECT_FALSE(needs_packets(plan));
}

TEST(LinkStage, JitterLargerThanTheDelayNeverGoesBackInTime) {
  const Plan plan{stage({.kind = Kind::latency, .delay = 1ms, .jitter = 5ms})};
  int at_once = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto delay = decide(plan, 1);
    ASSERT_GE(*delay, 0ms);
    at_once += *delay == 0ms;
  }
  EXPECT_GT(at_once, 300);
}

TEST(LinkStage, TheRecountAgreesWithEveryDecision) {
  const core::Topology topology = support::plain_topology(2);
  for (const std::int64_t ppb : {0L, 1L, 10'000'000L, 500'000'000L, 999'999'999L, 1'000'000'000L}) {
    const core::Impairment impairment{
        .kind = Kind::loss, .fault = "a fault", .seed = 7, .loss_ppb = ppb, .delay = {}, .jitter = {}};
    LossRecount recount(topology, impairment);
    const Plan plan{stage({.kind = Kind::loss, .loss_ppb = ppb})};
    std::uint64_t drops = 0;
    for (std::uint64_t i = 1; i <= 5000; ++i) {
      drops += decide(plan, 1) ? 0U : 1U;
      ASSERT_EQ(recount.drops({0, 1}, i), drops) << ppb << " ppb, packet " << i;
    }
    // What the stage reports without having counted refusals: nothing came out.
    EXPECT_EQ(plan[0]->effect({0, 1}).refused, 5000u);
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

}  // namespace
}  // namespace withstand::lab::link
