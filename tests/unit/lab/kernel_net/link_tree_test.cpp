#include "lab/kernel_net/link_tree.hpp"

#include <gtest/gtest.h>

#include "core/kernel_limits.hpp"
#include "lab/kernel_net/checksum_errors.hpp"
#include "lab/kernel_net/way.hpp"
#include "lab/link/model/distribution.hpp"

namespace withstand::lab::kernel {
namespace {

using namespace std::chrono_literals;
using core::Impairment;
using Kind = Impairment::Kind;
using Distribution = core::DelaySettings::Distribution;

Impairment of_kind(Kind kind) {
  Impairment made;
  made.kind = kind;
  made.fault = "a fault";
  return made;
}

LinkTree plan(const std::vector<Impairment>& asked) {
  std::vector<const Impairment*> all;
  for (const auto& each : asked) all.push_back(&each);
  return plan_link_tree(all, 1500, "n1>n2");
}

TEST(LinkTree, EachImpairmentGetsAQueueOfItsOwnAndTheRateComesLast) {
  Impairment loss = of_kind(Kind::loss), rate = of_kind(Kind::rate), slow = of_kind(Kind::latency);
  loss.settings.loss.random.ppb = 50'000'000;
  rate.settings.rate = {.bits_per_second = 8'000'000, .overhead = 38, .queue = 20'000};
  slow.settings.delay.delay = 20ms;
  const LinkTree tree = plan({loss, rate, slow});
  ASSERT_EQ(tree.stages.size(), 2U);
  EXPECT_EQ(tree.stages[0].asked, (std::vector<std::size_t>{0}));
  EXPECT_EQ(std::get<os::RandomLoss>(tree.stages[0].netem.loss).share, os::netem_probability(50'000'000));
  EXPECT_EQ(tree.stages[1].asked, (std::vector<std::size_t>{2}));
  EXPECT_EQ(tree.stages[1].netem.delay, 20ms);
  EXPECT_EQ(tree.stages[1].netem.rate, 0U) << "a fixed delay keeps order by itself";
  ASSERT_EQ(tree.rates.size(), 1U);
  EXPECT_EQ(tree.rates[0].asked, 1U);
  EXPECT_EQ(tree.rates[0].bucket.rate, 1'000'000U);
  EXPECT_EQ(tree.rates[0].bucket.limit, 20'000U);
  EXPECT_GE(tree.cutter.burst, 1514U) << "or whole packets would be lost";
  EXPECT_LT(tree.cutter.burst, 2 * 1514U) << "or super-packets would pass uncut";
}

/// A token bucket adds to packets, and takes nothing off.
TEST(LinkTree, OverheadIsThatOfAFrameAtLeast) {
  Impairment rate = of_kind(Kind::rate);
  rate.settings.rate = {.bits_per_second = 8'000'000, .overhead = 38};
  const auto more = plan({rate}).rates.at(0);
  EXPECT_EQ(more.uncounted, 38 - 14);
  EXPECT_EQ(more.bucket.overhead, 38 - 14);
  EXPECT_EQ(more.bucket.rate, 1'000'000U);
  rate.settings.rate.overhead = 0;
  const auto less = plan({rate}).rates.at(0);
  EXPECT_EQ(less.uncounted, -14);
  EXPECT_EQ(less.bucket.overhead, 0);
  EXPECT_EQ(less.bucket.rate, 1'000'000U * 1514 / 1500) << "of frames, for the largest packets";
}

TEST(LinkTree, CellsAreNetems) {
  Impairment rate = of_kind(Kind::rate);
  rate.settings.rate = {
      .bits_per_second = 8'000'000, .overhead = 8, .cell = 48, .cell_overhead = 5, .queue = 20 * 1696};  // ATM, AAL5
  const LinkTree tree = plan({rate});
  EXPECT_TRUE(tree.rates.empty());
  ASSERT_EQ(tree.stages.size(), 1U);
  const auto& netem = tree.stages[0].netem;
  EXPECT_EQ(netem.rate, 1'000'000U);
  EXPECT_EQ(netem.packet_overhead, 8 - 14);
  EXPECT_EQ(netem.cell_size, 48U);
  EXPECT_EQ(netem.cell_overhead, 5);
  EXPECT_EQ(netem.limit, 20U) << "of packets of 32 cells";
}

TEST(LinkTree, SlotsAreNetems) {
  Impairment slots = of_kind(Kind::rate);
  slots.settings.rate = {.slot_min = 5ms, .slot_max = 10ms, .slot_packets = 3, .slot_bytes = 4000};
  const LinkTree tree = plan({slots});
  EXPECT_TRUE(tree.rates.empty());
  ASSERT_EQ(tree.stages.size(), 1U);
  ASSERT_TRUE(tree.stages[0].netem.slot);
  EXPECT_EQ(*tree.stages[0].netem.slot, (os::NetemSlot{5ms, 10ms, 3, 4000}));
}

TEST(LinkTree, TheSlowestOfSeveralRatesHasTheQueue) {
  Impairment fast = of_kind(Kind::rate), slow = of_kind(Kind::rate);
  fast.settings.rate = {.bits_per_second = 80'000'000};
  slow.settings.rate = {.bits_per_second = 8'000'000};
  const LinkTree tree = plan({slow, fast});
  ASSERT_EQ(tree.rates.size(), 2U);
  EXPECT_EQ(tree.rates[0].asked, 1U);
  EXPECT_EQ(tree.rates[1].asked, 0U) << "the innermost is where packets wait";
}

/// The kernel sends a copy through all queues again: one does everything.
TEST(LinkTree, BesideCopiesOneQueueDoesEverything) {
  Impairment copies = of_kind(Kind::duplicate), damage = of_kind(Kind::corrupt), slow = of_kind(Kind::latency);
  copies.settings.choice.ppb = damage.settings.choice.ppb = 100'000'000;
  slow.settings.delay.delay = 20ms;
  Impairment slower = slow;
  slower.settings.delay = {.delay = 10ms, .jitter = 1ms};
  const LinkTree tree = plan({copies, damage, slow, slower});
  ASSERT_EQ(tree.stages.size(), 1U);
  EXPECT_EQ(tree.stages[0].asked, (std::vector<std::size_t>{0, 1, 2, 3}));
  const auto& netem = tree.stages[0].netem;
  EXPECT_EQ(netem.delay, 30ms);
  EXPECT_EQ(netem.jitter, 1ms);
  EXPECT_EQ(netem.duplicate, netem.corrupt);
  EXPECT_GT(netem.duplicate, 0U);
}

TEST(LinkTree, BehindAPartitionNothingIsBuilt) {
  const LinkTree tree = plan({of_kind(Kind::partition), of_kind(Kind::duplicate), of_kind(Kind::rate)});
  ASSERT_EQ(tree.stages.size(), 1U);
  EXPECT_EQ(std::get<os::RandomLoss>(tree.stages[0].netem.loss).share, os::netem_always);
  EXPECT_EQ(tree.idle, (std::vector<std::size_t>{1, 2}));
  EXPECT_TRUE(tree.rates.empty());
}

TEST(LinkTree, KeptLossIsWhatTheKernelWantsOfGilbertAndElliott) {
  Impairment bursts = of_kind(Kind::loss);
  bursts.settings.loss = {.model = core::LossSettings::Model::gilbert_elliott,
                          .p = 10'000'000,
                          .r = 250'000'000,
                          .loss_bad = 900'000'000,
                          .loss_good = 1'000'000};
  const auto model = std::get<os::GilbertElliottLoss>(plan({bursts}).stages[0].netem.loss);
  EXPECT_EQ(model.p, os::netem_probability(10'000'000));
  EXPECT_EQ(model.r, os::netem_probability(250'000'000));
  EXPECT_EQ(model.h, os::netem_probability(100'000'000));
  EXPECT_EQ(model.k1, os::netem_probability(1'000'000));
}

TEST(LinkTree, JitterKeepsOrderUnlessItMayNot) {
  Impairment slow = of_kind(Kind::latency);
  slow.settings.delay = {.delay = 20ms, .jitter = 5ms};
  EXPECT_GT(plan({slow}).stages[0].netem.rate, 100'000'000'000U);
  slow.settings.delay.reorders = true;
  EXPECT_EQ(plan({slow}).stages[0].netem.rate, 0U);
}

/// The table that netem draws from, against the model that the fabric draws from.
TEST(DelayTable, IsTheFabricsDistribution) {
  for (const auto kind : {Distribution::normal, Distribution::pareto, Distribution::paretonormal}) {
    Impairment slow = of_kind(Kind::latency);
    slow.settings.delay = {.delay = 1s, .jitter = 10ms, .distribution = kind};
    const DelayTable table = delay_table(slow);
    EXPECT_EQ(table.steps, core::jitter_steps(slow));
    const link::Distribution model(kind, {});
    double sum = 0, squares = 0;
    for (std::size_t i = 0; i < table.entries.size(); ++i) {
      const double value = table.entries[i] * static_cast<double>(table.steps) / 8192;
      EXPECT_NEAR(value, model.quantile((static_cast<double>(i) + 0.5) / static_cast<double>(table.entries.size())),
                  0.0005);
      sum += value;
      squares += value * value;
    }
    const auto n = static_cast<double>(table.entries.size());
    EXPECT_NEAR(sum / n, 0, 0.01);
    EXPECT_NEAR(std::sqrt(squares / n), 1, kind == Distribution::normal ? 0.002 : 0.1) << "of a tail that ends";
  }
}

TEST(LinkTree, SeedsDifferByLinkAndFault) {
  const Impairment loss = of_kind(Kind::loss);
  Impairment other = loss;
  other.fault = "another";
  const auto seed = [](const Impairment& asked, const std::string& link) {
    return plan_link_tree({&asked}, 1500, link).stages[0].netem.seed;
  };
  EXPECT_EQ(seed(loss, "n1>n2"), seed(loss, "n1>n2"));
  EXPECT_NE(seed(loss, "n1>n2"), seed(loss, "n2>n1"));
  EXPECT_NE(seed(loss, "n1>n2"), seed(other, "n1>n2"));
}

TEST(Filters, APortIsThatOfEitherSideAndOfEitherProtocol) {
  const std::vector<AddressPair> ends{{{10, 0, 0, 1}, {10, 0, 0, 2}}};
  EXPECT_EQ(filters_of(ends, {}).size(), 1U);
  EXPECT_EQ(filters_of(ends, {.port = 80}).size(), 4U);
  const auto tcp = filters_of(ends, {.protocol = 6, .port = 80});
  ASSERT_EQ(tcp.size(), 2U);
  EXPECT_EQ(tcp[0].source_port, 80);
  EXPECT_EQ(tcp[1].destination_port, 80);
}

TEST(Filters, IcmpIsThatOfItsFamily) {
  const std::vector<AddressPair> ends{{{10, 0, 0, 1}, {10, 0, 0, 2}}, {Address(16, 1), Address(16, 2)}};
  const auto icmp = filters_of(ends, {.protocol = 1});
  ASSERT_EQ(icmp.size(), 2U);
  EXPECT_EQ(icmp[0].protocol, 1);
  EXPECT_EQ(icmp[1].protocol, 58);
}

/// Who opens a connection has not been answered; whatever follows an answer says so.
TEST(Filters, ConnectionsAreToldByTheirFlags) {
  const std::vector<AddressPair> ends{{{10, 0, 0, 1}, {10, 0, 0, 2}}};
  const auto fresh = filters_of(ends, {.protocol = 6, .state = core::Match::State::fresh});
  ASSERT_EQ(fresh.size(), 1U);
  EXPECT_EQ(fresh[0].tcp_flags_mask, 0x12);
  EXPECT_EQ(fresh[0].tcp_flags, 0x02);
  const auto answered = filters_of(ends, {.protocol = 6, .state = core::Match::State::established});
  EXPECT_EQ(answered[0].tcp_flags_mask, 0x10);
  EXPECT_EQ(answered[0].tcp_flags, 0x10);
}

TEST(PacketKey, TellsPacketsOfALinkFromEachOther) {
  std::vector<std::uint8_t> packet(60, 0);
  packet[0] = 0x45;
  packet[9] = 6;
  const std::vector<std::uint8_t> source{10, 0, 0, 1}, destination{10, 0, 0, 2};
  std::copy(source.begin(), source.end(), packet.begin() + 12);
  std::copy(destination.begin(), destination.end(), packet.begin() + 16);
  const std::vector<AddressPair> ends{{source, destination}};
  const auto key = packet_key(packet, ends);
  ASSERT_TRUE(key);
  auto later = packet, shorter = packet, elsewhere = packet;
  later[5] = 1;  // identification
  EXPECT_NE(packet_key(later, ends), key);
  shorter[3] = 60;  // total length: a super-packet's first segment
  EXPECT_EQ(packet_key(shorter, ends), key);
  elsewhere[19] = 9;
  EXPECT_FALSE(packet_key(elsewhere, ends));
  EXPECT_FALSE(packet_key(std::span(packet).first(24), ends));
}

TEST(ChecksumErrors, AreSummedOverProtocols) {
  EXPECT_EQ(sum_of_errors("Ip: Forwarding InHdrErrors\nIp: 1 3\nTcp: MaxConn InCsumErrors\nTcp: -1 4\n"), 7U);
  EXPECT_EQ(sum_of_errors6("Ip6InReceives 9\nIp6InHdrErrors 2\nUdp6InCsumErrors 5\n"), 7U);
  EXPECT_EQ(sum_of_errors(""), 0U);
}

TEST(MeanDelay, IsTheSumOfAllThatDelays) {
  Impairment slow = of_kind(Kind::latency), spread = slow, order = of_kind(Kind::reorder);
  slow.settings.delay.delay = 20ms;
  spread.settings.delay = {.delay = 10ms, .jitter = 5ms};
  order.settings.reorder = {.hold = 10ms, .chosen_overtake = true, .gap = 1};
  order.settings.choice.ppb = 250'000'000;
  EXPECT_NEAR(mean_delay_ns({&slow, &spread, &order}), 37.5e6, 1);
}

}  // namespace
}  // namespace withstand::lab::kernel
