#include <netinet/in.h>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "lab/link/connections.hpp"
#include "lab/link/recount.hpp"
#include "lab/link/stream/segment.hpp"
#include "link_replay.hpp"
#include "support/net_rig.hpp"

// What a seed decides must not depend on what the kernel or the scheduler decides.
namespace withstand::lab::link {
namespace {

using namespace std::chrono_literals;
using Kind = core::Impairment::Kind;
using test::Bytes;
using test::recording;
using test::Replay;

PacketHeader tcp(std::uint16_t from, std::uint16_t to, bool opens = false) {
  return {.protocol = IPPROTO_TCP,
          .tcp_flags = opens ? PacketHeader::syn : PacketHeader::ack,
          .transport = 20,
          .payload = 40,
          .source_port = from,
          .destination_port = to};
}

TEST(LinkConnections, AreNumberedAsTheyOpenWhateverTheirPorts) {
  Connections one, other;
  const core::Link there{0, 1}, back{1, 0};
  const auto first = one.of(there, tcp(40001, 80, true)), second = one.of(there, tcp(50002, 80, true));
  EXPECT_NE(first.key, second.key);
  EXPECT_EQ(other.of(there, tcp(33333, 80, true)).key, first.key);
  EXPECT_EQ(other.of(there, tcp(44444, 80, true)).key, second.key);
  EXPECT_EQ(one.of(back, tcp(80, 40001)).key, first.key) << "the answer belongs to it";
  EXPECT_EQ(one.of(there, tcp(40001, 80)).index, first.index);
}

TEST(LinkConnections, OfDifferentServicesProtocolsAndPairsAreNumberedApart) {
  Connections table;
  const auto web = table.of({0, 1}, tcp(40001, 80, true)), other_port = table.of({0, 1}, tcp(40001, 81, true)),
             other_pair = table.of({0, 2}, tcp(40001, 80, true));
  PacketHeader udp = tcp(40001, 80);
  udp.protocol = IPPROTO_UDP;
  EXPECT_NE(web.key, other_port.key);
  EXPECT_NE(web.key, table.of({0, 1}, udp).key);
  EXPECT_EQ(web.key, other_pair.key) << "the link is part of the draw itself";
  EXPECT_EQ(other_pair.index, 0u);
  EXPECT_NE(web.index, other_port.index);
  // The service is where a connection is opened to, even above the client's port.
  EXPECT_EQ(table.of({1, 2}, tcp(1000, 60000, true)).key, Connections().of({1, 2}, tcp(999, 60000, true)).key);
}

/// A TCP packet without payload, as Connections reads it.
std::vector<std::byte> packet(std::uint16_t from, std::uint16_t to, std::uint32_t sequence, std::uint8_t flags) {
  stream::Route route{.ipv6 = false, .addresses = {}, .source_port = from, .destination_port = to};
  std::vector<std::byte> made(200);
  made.resize(stream::forge(route, sequence, 0, flags, made));
  return made;
}

Connection seen(Connections& table, core::Link link, const std::vector<std::byte>& frame) {
  const auto header = packet_header(frame);
  EXPECT_TRUE(header && opens_or_ends_connection(frame));
  table.see(link, *header, frame);
  return table.of(link, *header);
}

TEST(LinkConnections, PortsThatComeBackAreOtherConnections) {
  using stream::Segment;
  Connections table;
  const core::Link there{0, 1}, back{1, 0};
  const auto first = seen(table, there, packet(40001, 80, 1000, Segment::syn));
  EXPECT_EQ(seen(table, there, packet(40001, 80, 1000, Segment::syn)).key, first.key) << "sent again";
  const auto second = seen(table, there, packet(40001, 80, 9000, Segment::syn));
  EXPECT_NE(second.key, first.key);
  EXPECT_EQ(second.index, first.index + 1) << "its packets are counted anew";
  EXPECT_EQ(table.of(back, tcp(80, 40001)).key, second.key);
  Connections other;
  seen(other, there, packet(50001, 80, 1, Segment::syn));
  EXPECT_EQ(seen(other, there, packet(50002, 80, 1, Segment::syn)).key, second.key) << "as with other ports";
}

TEST(LinkConnections, BehindAnEndTheSameOpeningIsAnotherConnection) {
  using stream::Segment;
  const core::Link there{0, 1}, back{1, 0};
  const auto opening = packet(40001, 80, 1000, Segment::syn);
  Connections table;
  const auto first = seen(table, there, opening);
  seen(table, there, packet(40001, 80, 1001, Segment::fin | Segment::ack));
  EXPECT_EQ(seen(table, there, opening).key, first.key) << "one direction has ended";
  seen(table, back, packet(80, 40001, 1, Segment::fin | Segment::ack));
  const auto second = seen(table, there, opening);
  EXPECT_NE(second.key, first.key);
  seen(table, back, packet(80, 40001, 1, Segment::rst));
  const auto third = seen(table, there, opening);
  EXPECT_NE(third.key, second.key);
  EXPECT_EQ(third.index, 2u);
}

std::vector<bool> losses(Stage& stage, const std::vector<Connection>& packets) {
  std::vector<bool> lost;
  std::vector<Fate> fates;
  const Plan plan{std::shared_ptr<Stage>(&stage, [](Stage*) {})};
  for (const Connection& connection : packets) {
    decide(plan, {.connection = connection}, fates);
    lost.push_back(fates.at(0).dropped);
  }
  return lost;
}

Stage lossy() {
  const StageSettings settings{.kind = Kind::loss, .handle = 1, .settings = {.loss = {.random = {.ppb = 300'000'000}}}};
  return {std::make_shared<const StageSettings>(settings), core::draw_stream(42, "a fault", "n1>n2", "loss"), 0ns};
}

TEST(LinkDeterminism, HowConnectionsInterleaveDecidesNothing) {
  const Connection a{.key = 11, .index = 0}, b{.key = 22, .index = 1};
  std::mt19937 random(1);
  std::vector<bool> expected_a, expected_b;
  for (int round = 0; round < 20; ++round) {
    std::vector<Connection> packets(200, a);
    packets.resize(400, b);
    if (round > 0) std::shuffle(packets.begin(), packets.end(), random);
    Stage stage = lossy();
    const auto lost = losses(stage, packets);
    std::vector<bool> of_a, of_b;
    for (std::size_t i = 0; i < packets.size(); ++i) (packets[i].key == a.key ? of_a : of_b).push_back(lost[i]);
    if (round == 0) {
      expected_a = of_a;
      expected_b = of_b;
      EXPECT_NE(of_a, of_b) << "the k-th packet of each connection has a fate of its own";
    }
    ASSERT_EQ(of_a, expected_a);
    ASSERT_EQ(of_b, expected_b);
  }
}

TEST(LinkDeterminism, TheRecountFollowsEachConnection) {
  const core::Topology topology = support::plain_topology(2);
  const core::Impairment impairment{
      .kind = Kind::loss, .fault = "a fault", .seed = 42, .settings = {.loss = {.random = {.ppb = 300'000'000}}}};
  Recount recount(topology, impairment);
  Stage stage = lossy();
  std::vector<Connection> packets;
  std::mt19937 random(1);
  for (int i = 0; i < 3000; ++i) {
    const auto which = static_cast<std::uint32_t>(random() % 7);
    packets.push_back({.key = 100 + which, .index = which});
  }
  const auto lost = losses(stage, packets);
  std::uint64_t decided = 0;
  for (const auto& drawn : stage.drawn)
    if (drawn.count > 0) decided += recount.decided({0, 1}, drawn.key, drawn.count);
  EXPECT_EQ(decided, static_cast<std::uint64_t>(std::count(lost.begin(), lost.end(), true)));
}

TEST(LinkDeterminism, ARecordingPutThroughTwiceComesOutTheSameByteForByte) {
  const std::vector<std::pair<Kind, core::LinkSettings>> impairments{
      {Kind::loss, {.loss = {.random = {.ppb = 100'000'000}}}},
      {Kind::loss, {.loss = {.model = core::LossSettings::Model::gilbert_elliott, .p = 50'000'000, .r = 300'000'000}}},
      {Kind::duplicate, {.choice = {.ppb = 200'000'000, .correlation_ppb = 300'000'000}}},
      {Kind::corrupt, {.choice = {.ppb = 200'000'000}, .corrupt = {.bits = 3, .repaired = true}}},
      {Kind::ttl, {.hops = 3}}};
  const auto frames = recording(3000);
  const auto first = Replay(impairments).run(frames), second = Replay(impairments).run(frames);
  EXPECT_EQ(first, second);
  EXPECT_GT(first.size(), 2000u);
  EXPECT_NE(first, frames);
}

/// Delays for packet after packet.
Table recorded(std::vector<std::int64_t> milliseconds) {
  for (auto& delay : milliseconds) delay *= 1'000'000;
  return std::make_shared<const std::vector<std::int64_t>>(std::move(milliseconds));
}

// What keeps its order waits for the packet before it, and cannot be more punctual.
TEST(LinkLateness, OfAPacketThatWaitsForAnotherIsJudgedAsThatOnes) {
  const auto frame = recording(1).front();
  for (const auto& [stall, promised] : {std::pair(20ms, true), std::pair(250ms, false)}) {
    Replay link({{Kind::latency, {.delay = {.distribution = core::DelaySettings::Distribution::recorded}}}},
                recorded({1000, 1}));
    link.send(frame);
    const core::Instant due = link.forwarder().next_due();
    std::this_thread::sleep_for(due - 30ms - core::now());
    link.send(frame);  // it has 30 ms to wait, of which 1 ms is its own
    std::this_thread::sleep_for(due + stall - core::now());
    link.forwarder().release();
    const auto& counters = link.forwarder().counters();
    ASSERT_GE(counters.queued, 1u);
    if (counters.queued < 2 || (promised && counters.lateness.max() > 100'000'000))
      GTEST_SKIP() << "this machine is too busy: written " << counters.lateness.max() << " ns after their time";
    EXPECT_EQ(counters.late, promised ? 0u : 2u) << counters.lateness.max();
  }
}

/// What waits for nobody is seen at once, and what was held before stays to its time.
class EndedStage : public ::testing::Test {
 protected:
  /// Sends three packets, ends the first impairment, sends one more; which of them was delivered by then.
  static std::vector<std::size_t> delivered(Replay& link, const std::vector<Bytes>& frames) {
    for (std::size_t i = 0; i < 3; ++i) link.send(frames[i]);
    link.forwarder().remove(1);
    link.send(frames[3]);
    link.forwarder().release();
    std::vector<std::size_t> seen;
    for (const Bytes& out : link.received())
      seen.push_back(static_cast<std::size_t>(std::find(frames.begin(), frames.end(), out) - frames.begin()));
    return seen;
  }

  const std::vector<Bytes> frames_ = recording(4);
  const std::vector<std::size_t> last_only_{3};
};

TEST_F(EndedStage, OfLatencyHoldsNoNewPacket) {
  Replay link({{Kind::latency, {.delay = {.delay = 10s}}}});
  EXPECT_EQ(delivered(link, frames_), last_only_);
  EXPECT_EQ(link.effect(1).in_flight, 3u) << "they arrive at their time";
}

TEST_F(EndedStage, OfARateHoldsNoNewPacket) {
  Replay link({{Kind::rate, {.rate = {.bits_per_second = 8, .queue = 1 << 20}}}});
  EXPECT_EQ(delivered(link, frames_), last_only_);
  EXPECT_EQ(link.effect(1).changed_in_flight, 3u);
}

TEST_F(EndedStage, OfReorderHoldsNoNewPacket) {
  Replay link({{Kind::reorder, {.choice = {.ppb = 1'000'000'000}, .reorder = {.hold = 10s}}}});
  EXPECT_EQ(delivered(link, frames_), last_only_);
}

TEST_F(EndedStage, LeavesThoseThatStayTheirSay) {
  Replay link({{Kind::latency, {.delay = {.delay = 10s}}}, {Kind::latency, {.delay = {.delay = 5s}}}});
  const core::Instant begin = core::now();
  EXPECT_TRUE(delivered(link, frames_).empty());
  EXPECT_GE(link.forwarder().next_due(), begin + 5s) << "no longer 10 s more";
  EXPECT_LT(link.forwarder().next_due(), begin + 9s);
  link.send(frames_[0]);
  EXPECT_EQ(link.effect(2).in_flight, 5u);
  EXPECT_EQ(link.effect(2).reordered, 0u);
}

TEST_F(EndedStage, OfARateLeavesTheNextOneEmpty) {
  Replay link({{Kind::rate, {.rate = {.bits_per_second = 8, .queue = 1 << 20}}},
               {Kind::rate, {.rate = {.bits_per_second = 8'000, .queue = 1 << 20}}}});
  const core::Instant begin = core::now();
  EXPECT_TRUE(delivered(link, frames_).empty());
  EXPECT_LT(link.forwarder().next_due(), begin + 3s) << "a packet of 1 kB at 8 kbit/s, and not the hours before it";
}

// Order among packets of the same stages, and what a rate did to them.
TEST(LinkOrder, IsKeptWhereNothingEnded) {
  const auto frames = recording(3);
  Replay link({{Kind::latency, {.delay = {.distribution = core::DelaySettings::Distribution::recorded}}}},
              recorded({10'000, 1, 1}));
  for (const auto& frame : frames) link.send(frame);
  std::this_thread::sleep_for(5ms);
  link.forwarder().release();
  EXPECT_TRUE(link.received().empty());
}

TEST(LinkRate, ThatHoldsNobodyShowsNoEffect) {
  const auto frames = recording(50);
  Replay wide({{Kind::rate, {.rate = {.bits_per_second = 1'000'000'000'000}}}}),
      narrow({{Kind::rate, {.rate = {.bits_per_second = 100'000'000}}}});
  for (const auto& frame : frames)
    for (Replay* link : {&wide, &narrow}) link->send(frame);
  EXPECT_EQ(wide.effect(1).changed_delivered + wide.effect(1).changed_in_flight + wide.effect(1).refused, 0u);
  EXPECT_GT(narrow.effect(1).changed_delivered + narrow.effect(1).changed_in_flight, 20u);
}

}  // namespace
}  // namespace withstand::lab::link
