#include <cmath>

#include "fault_fixture.hpp"

/// Every effect is measured by real TCP handshakes between nodes: a refusal takes one round trip, and never comes over
/// a cut link.
namespace withstand::faults::testing {
namespace {

using core::Link;
using std::chrono::milliseconds;

spec::Value time(int ms) { return spec::Value(spec::Duration(milliseconds(ms))); }

constexpr const char* idle = "exec sleep 987";

TEST_F(FaultTest, LatencyDelaysItsDirectionAndNoOther) {
  launch(idle);
  ASSERT_LT(round_trip(client(), 0), milliseconds(20));
  auto& slow = inject("network.latency", {{"delay", time(40)}}, {{}, {{client(), 0}}});
  EXPECT_GE(round_trip(client(), 0), milliseconds(40));
  EXPECT_LT(round_trip(client(), 0), milliseconds(70)) << "one way only";
  EXPECT_LT(round_trip(client(), 1), milliseconds(20)) << "another link";
  EXPECT_TRUE(slow.observe().took_effect()) << slow.observe().objection();
  slow.revert();
  EXPECT_LT(round_trip(client(), 0), milliseconds(20));
}

TEST_F(FaultTest, LatencyBothWaysCountsTwice) {
  launch(idle);
  inject("network.latency", {{"delay", time(40)}, {"both_ways", spec::Value(true)}}, {{}, {{client(), 0}}});
  EXPECT_GE(round_trip(client(), 0), milliseconds(80));
}

TEST_F(FaultTest, LatencyOnANodeReachesItsClientsToo) {
  launch(idle);
  inject("network.latency", {{"delay", time(30)}}, {{1}, {}});
  EXPECT_GE(round_trip(client(), 1), milliseconds(60));
  EXPECT_GE(round_trip(0, 1), milliseconds(60));
  EXPECT_LT(round_trip(0, 2), milliseconds(20));
}

TEST_F(FaultTest, LatenciesAddUpAndEndByThemselves) {
  launch(idle);
  auto& first = inject("network.latency", {{"delay", time(60)}}, {{}, {{client(), 0}}});
  auto& second = inject("network.latency", {{"delay", time(30)}}, {{}, {{client(), 0}}});
  EXPECT_GE(round_trip(client(), 0), milliseconds(90));
  first.revert();
  EXPECT_GE(round_trip(client(), 0), milliseconds(30));
  EXPECT_LT(round_trip(client(), 0), milliseconds(60));
  second.revert();
  EXPECT_LT(round_trip(client(), 0), milliseconds(20));
  EXPECT_TRUE(first.observe().took_effect()) << first.observe().objection();
  EXPECT_TRUE(second.observe().took_effect()) << second.observe().objection();
}

TEST_F(FaultTest, LossDropsItsShare) {
  launch(idle);
  auto& loss = inject("network.loss", {{"loss", spec::Value(spec::Ratio{500'000'000})}}, {{}, {{client(), 0}}});
  // One SYN each; its repetition comes a second later, after the patience. 200 coins: 6.2 sigma is 44, improbable
  // beyond 1e-9.
  int lost = 0;
  for (int i = 0; i < 200; ++i) lost += ask(client(), 0, milliseconds(40)).timed_out ? 1 : 0;
  EXPECT_NEAR(lost, 100, 44);
  EXPECT_TRUE(loss.observe().took_effect()) << loss.observe().objection();
  loss.revert();
  EXPECT_FALSE(ask(client(), 0).timed_out);
}

TEST_F(FaultTest, PartitionRefusesEveryPacketUntilItEnds) {
  launch(idle);
  auto& cut = inject("network.partition", {{"shape", spec::Value(std::string("isolate"))}}, {{0}, {}});
  EXPECT_TRUE(ask(0, 1, milliseconds(300)).timed_out);
  EXPECT_TRUE(ask(2, 0, milliseconds(300)).timed_out);
  EXPECT_FALSE(ask(1, 2).timed_out) << "the others keep each other";
  EXPECT_FALSE(ask(client(), 0).timed_out) << "clients keep every node";
  cut.revert();
  EXPECT_FALSE(ask(0, 1).timed_out);
  EXPECT_TRUE(cut.observe().took_effect()) << cut.observe().objection();
}

TEST_F(FaultTest, PartitionThatNobodyTriesToCrossHasNoEffect) {
  launch(idle);
  auto& cut = inject("network.partition", {}, {{}, {{0, 1}}});
  cut.revert();
  EXPECT_FALSE(cut.observe().took_effect());
}

TEST_F(FaultTest, APartitionOfNodesThatDoNotTalkNamesTheWayToCutClientsOff) {
  launch(idle);
  const std::pair<std::string, spec::Value> isolate{"shape", std::string("isolate")};
  auto& cut = inject("network.partition", {isolate}, {{0}, {}});
  EXPECT_FALSE(ask(client(), 0).timed_out);
  cut.revert();
  EXPECT_NE(cut.observe().objection().find("clients = true"), std::string::npos) << cut.observe().objection();
  auto& all = inject("network.partition", {isolate, {"clients", spec::Value(true)}}, {{0}, {}});
  all.revert();
  EXPECT_FALSE(all.observe().took_effect());
  EXPECT_EQ(all.observe().objection().find("clients = true"), std::string::npos) << all.observe().objection();
}

TEST_F(FaultTest, PartitionCanCutClientsOff) {
  launch(idle);
  inject("network.partition", {{"shape", spec::Value(std::string("isolate"))}, {"clients", spec::Value(true)}},
         {{0}, {}});
  EXPECT_TRUE(ask(client(), 0, milliseconds(300)).timed_out);
  EXPECT_FALSE(ask(client(), 1).timed_out);
}

TEST_F(FaultTest, APartitionInsideALatencyEndsIntoTheLatency) {
  launch(idle);
  inject("network.latency", {{"delay", time(40)}}, {{}, {{client(), 0}}});
  auto& cut = inject("network.partition", {}, {{}, {{client(), 0}}});
  EXPECT_TRUE(ask(client(), 0, milliseconds(300)).timed_out);
  cut.revert();
  EXPECT_GE(round_trip(client(), 0), milliseconds(40));
}

}  // namespace
}  // namespace withstand::faults::testing
