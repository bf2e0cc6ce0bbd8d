#include "check/exits.hpp"

#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace withstand::check {
namespace {

using ::testing::SizeIs;

core::Topology three_nodes() {
  spec::Experiment experiment;
  spec::NodeKind kind;
  kind.name = "redis";
  experiment.target.kinds = {kind};
  experiment.nodes = {{"redis", 3}};
  return core::Topology(experiment);
}

core::Exit exit_of(core::NodeId node, int status) {
  core::Exit exit;
  exit.node = node;
  exit.value = status;
  exit.when = std::chrono::seconds(12);
  return exit;
}

core::Exit killed(core::NodeId node, int signal) {
  core::Exit exit = exit_of(node, signal);
  exit.signalled = true;
  return exit;
}

std::vector<record::CheckResult> judge(std::vector<core::Exit> exits, std::vector<std::string> allowed = {},
                                       bool host_out_of_memory = false) {
  return judge_exits({exits, std::chrono::seconds(2), std::move(allowed), host_out_of_memory}, three_nodes());
}

TEST(Exits, NoneHolds) {
  const auto results = judge({});
  ASSERT_THAT(results, SizeIs(1));
  EXPECT_EQ(results[0].check, "exits");
  EXPECT_EQ(results[0].outcome, "held");
}

TEST(Exits, RequestedOnesHold) {
  auto asked = killed(0, SIGKILL);
  asked.requested = true;
  asked.asked_by = "kill";
  EXPECT_EQ(judge({asked})[0].outcome, "held");
}

TEST(Exits, AnUnaskedExitFailsEvenWithStatusZero) {
  const auto results = judge({exit_of(1, 0)});
  ASSERT_THAT(results, SizeIs(1));
  EXPECT_EQ(results[0].check, "exit: n2");
  EXPECT_EQ(results[0].outcome, "failed");
  EXPECT_EQ(results[0].summary, "n2 exited with status 0 at 10.000000s, and nobody had asked");
}

TEST(Exits, OneResultPerNode) {
  auto aborted = killed(2, SIGABRT);
  aborted.core_dumped = true;
  const auto results = judge({exit_of(1, 3), aborted, exit_of(1, 4)});
  ASSERT_THAT(results, SizeIs(2));
  EXPECT_EQ(results[0].summary, "n2 exited with status 3 at 10.000000s, and nobody had asked (and 1 more times)");
  EXPECT_EQ(results[1].summary, "n3 was ended by SIGABRT (core dumped) at 10.000000s, and nobody had asked");
}

TEST(Exits, AllowedByKindOrNodeAndByStatusOrSignal) {
  EXPECT_EQ(judge({exit_of(1, 0)}, {"redis:0"})[0].outcome, "held");
  EXPECT_EQ(judge({exit_of(1, 0)}, {"n2:0"})[0].outcome, "held");
  EXPECT_EQ(judge({killed(1, SIGABRT)}, {"redis:SIGABRT"})[0].outcome, "held");
  EXPECT_EQ(judge({exit_of(1, 1)}, {"redis:0"})[0].outcome, "failed");
  EXPECT_EQ(judge({exit_of(1, 0)}, {"n1:0"})[0].outcome, "failed");
  EXPECT_EQ(judge({killed(1, SIGABRT)}, {"redis:SIGSEGV"})[0].outcome, "failed");
  // exit(9) is not SIGKILL.
  EXPECT_EQ(judge({exit_of(1, 9)}, {"redis:SIGKILL"})[0].outcome, "failed");
  EXPECT_EQ(judge({killed(1, SIGKILL)}, {"redis:9"})[0].outcome, "failed");
}

TEST(Exits, AKillWhileTheHostWasOutOfMemoryIsInconclusive) {
  EXPECT_EQ(judge({killed(1, SIGKILL)}, {}, true)[0].outcome, "inconclusive");
  EXPECT_EQ(judge({killed(1, SIGSEGV)}, {}, true)[0].outcome, "failed");
  EXPECT_EQ(judge({killed(1, SIGKILL)}, {}, false)[0].outcome, "failed");
}

TEST(Exits, AKillForWantOfMemoryIsNamedAndBlamedOnWhoseLimitItWas) {
  auto exit = killed(0, SIGKILL);
  exit.host_pid = 4711;
  const std::vector<core::Exit> exits{exit};
  const auto judged = [&](os::OomKill kill) {
    const std::vector<os::OomKill> kills{kill};
    return judge_exits({exits, {}, {}, false, kills}, three_nodes()).at(0);
  };
  const auto own = judged({4711, "kv", true, "/withstand-run-1/redis-1"});
  EXPECT_EQ(own.outcome, "failed");
  EXPECT_THAT(own.summary, ::testing::HasSubstr("out-of-memory killer, at the node's own memory limit"));
  const auto around = judged({4711, "kv", true, "/docker/abc"});
  EXPECT_EQ(around.outcome, "inconclusive");
  EXPECT_THAT(around.summary, ::testing::HasSubstr("a memory limit around the harness (cgroup /docker/abc)"));
  const auto host = judged({4711, "kv", false, ""});
  EXPECT_EQ(host.outcome, "inconclusive");
  EXPECT_THAT(host.summary, ::testing::HasSubstr("the host was out of memory"));
  EXPECT_EQ(judged({4712, "kv", false, ""}).outcome, "failed") << "that was another process";
}

}  // namespace
}  // namespace withstand::check
