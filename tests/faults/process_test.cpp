#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gmock/gmock.h>

#include "fault_fixture.hpp"

namespace withstand::faults::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

bool lives(std::int32_t pid) { return ::kill(pid, 0) == 0; }

std::string content(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::size_t lines(const std::string& path) {
  const std::string text = content(path);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

/// Processes in the same PID namespace as this one, seen from the host.
std::size_t companions(std::int32_t pid) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto space = fs::read_symlink("/proc/" + std::to_string(pid) + "/ns/pid", error);
  std::size_t count = 0;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const auto link = fs::read_symlink(entry.path() / "ns/pid", error);
    if (!error && link == space) ++count;
  }
  return count;
}

/// The parent of a node's main process, seen from the host: its init.
std::int32_t init_of(std::int32_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string skip;
  std::int32_t parent = 0;
  stat >> skip >> skip >> skip >> parent;
  return parent;
}

/// What the evidence about `what` says was measured.
std::string measured(core::Injection& injection, const std::string& what) {
  for (const auto& row : injection.observe().rows)
    if (row.what == what) return row.measured;
  return "no evidence of it";
}

const std::string leaves_a_child = "echo start >> $HOME/starts; sleep 987 & echo up >> $HOME/up; wait";

TEST_F(FaultTest, KillEndsEveryProcessOfTheNodeAndNobodyElses) {
  auto& lab = launch("sleep 987 & sleep 986 & wait");
  ASSERT_TRUE(wait([&] { return companions(lab.state(0).host_pid) >= 4; })) << "init, the shell and two children";
  const auto victim = lab.state(0).host_pid, bystander = lab.state(1).host_pid;
  auto& kill = inject("process.kill", {}, {{0}, {}});
  ASSERT_TRUE(wait([&] { return lab.state(0).host_pid == 0; }));
  EXPECT_FALSE(lives(victim));
  EXPECT_TRUE(lives(bystander));
  EXPECT_TRUE(wait([&] { return kill.observe().took_effect(); })) << kill.observe().objection();
  EXPECT_TRUE(lab.state(0).last_exit->signalled);
  EXPECT_EQ(lab.state(0).last_exit->value, SIGKILL);
  EXPECT_TRUE(lab.state(0).last_exit->requested);
}

TEST_F(FaultTest, KillStartsTheNodeAgainOnItsData) {
  launch("echo start >> $HOME/starts; exec sleep 987");
  ASSERT_TRUE(wait([&] { return lines(data(0, "starts")) == 1; }));
  auto& kill = inject("process.kill", {{"restart", spec::Value(spec::Duration(milliseconds(150)))}}, {{0}, {}});
  EXPECT_TRUE(wait([&] { return lines(data(0, "starts")) == 2; }));
  EXPECT_TRUE(wait([&] { return kill.ended().has_value(); }));
}

TEST_F(FaultTest, KillLoopsAsOftenAsAsked) {
  auto& lab = launch("echo start >> $HOME/starts; exec sleep 987", 1);
  ASSERT_TRUE(wait([&] { return lines(data(0, "starts")) == 1; }));
  auto& loop = inject("process.kill",
                      {{"restart", spec::Value(spec::Duration(milliseconds(50)))},
                       {"crashes", spec::Value(std::int64_t{3})},
                       {"uptime", spec::Value(spec::Duration(milliseconds(100)))}},
                      {{0}, {}});
  EXPECT_TRUE(wait([&] { return loop.ended().has_value(); }));
  EXPECT_TRUE(wait([&] { return lines(data(0, "starts")) == 4; })) << "the first start and three more";
  EXPECT_TRUE(loop.observe().took_effect()) << loop.observe().objection();
  EXPECT_EQ(lab.state(0).starts, 4);
}

TEST_F(FaultTest, KillWithAnotherSignalReachesTheMainProcess) {
  auto& lab = launch("sleep 987 & wait", 1);
  auto& signal =
      inject("process.kill", {{"signal", spec::Value(std::int64_t{SIGABRT})}, {"tree", spec::Value(false)}}, {{0}, {}});
  ASSERT_TRUE(wait([&] { return lab.state(0).host_pid == 0; }));
  EXPECT_EQ(lab.state(0).last_exit->value, SIGABRT);
  EXPECT_TRUE(signal.observe().took_effect()) << signal.observe().objection();
}

TEST_F(FaultTest, KillOfANodeThatDoesNotRunHasNoEffect) {
  auto& lab = launch("exec sleep 987", 1);
  inject("process.kill", {}, {{0}, {}});
  ASSERT_TRUE(wait([&] { return lab.state(0).host_pid == 0; }));
  EXPECT_FALSE(inject("process.kill", {}, {{0}, {}}).observe().took_effect());
}

TEST_F(FaultTest, PauseStopsTheNodesWorkAndResumesIt) {
  launch("while :; do echo tick >> $HOME/ticks; sleep 0.01; done", 2);
  ASSERT_TRUE(wait([&] { return lines(data(0, "ticks")) > 3; }));
  auto& pause = inject("process.pause", {}, {{0}, {}});
  const auto before = lines(data(0, "ticks")), other = lines(data(1, "ticks"));
  ASSERT_TRUE(wait([&] { return lines(data(1, "ticks")) > other + 20; })) << "the other node works on";
  EXPECT_LE(lines(data(0, "ticks")), before + 1) << "a write may have been under way";
  pause.revert();
  EXPECT_TRUE(pause.observe().took_effect()) << pause.observe().objection();
  EXPECT_TRUE(wait([&] { return lines(data(0, "ticks")) > before + 3; }));
}

TEST_F(FaultTest, PausesNest) {
  launch("while :; do echo tick >> $HOME/ticks; sleep 0.01; done", 2);
  ASSERT_TRUE(wait([&] { return lines(data(0, "ticks")) > 3; }));
  auto& first = inject("process.pause", {}, {{0}, {}});
  auto& second = inject("process.pause", {}, {{0}, {}});
  first.revert();
  const auto before = lines(data(0, "ticks")), other = lines(data(1, "ticks"));
  ASSERT_TRUE(wait([&] { return lines(data(1, "ticks")) > other + 20; }));
  EXPECT_LE(lines(data(0, "ticks")), before + 1) << "the second pause still holds";
  second.revert();
  EXPECT_TRUE(wait([&] { return lines(data(0, "ticks")) > before + 3; }));
}

TEST_F(FaultTest, TerminateLetsTheNodeEndInItsOwnWay) {
  auto& lab =
      launch("trap 'echo asked > $HOME/asked; exit 3' TERM; echo set > $HOME/set; while :; do sleep 0.02; done", 1);
  ASSERT_TRUE(wait([&] { return lines(data(0, "set")) == 1; }));
  auto& terminate = inject("process.terminate", {{"grace", spec::Value(spec::Duration(seconds(5)))}}, {{0}, {}});
  ASSERT_TRUE(wait([&] { return lab.state(0).host_pid == 0; }));
  EXPECT_EQ(content(data(0, "asked")), "asked\n");
  EXPECT_FALSE(lab.state(0).last_exit->signalled);
  EXPECT_EQ(lab.state(0).last_exit->value, 3);
  EXPECT_TRUE(terminate.observe().took_effect());
}

TEST_F(FaultTest, TerminateKillsANodeThatDoesNotListen) {
  auto& lab = launch("trap '' TERM; echo set > $HOME/set; while :; do sleep 0.02; done", 1);
  ASSERT_TRUE(wait([&] { return lines(data(0, "set")) == 1; }));
  const auto begin = core::now();
  inject("process.terminate", {{"grace", spec::Value(spec::Duration(milliseconds(300)))}}, {{0}, {}});
  ASSERT_TRUE(wait([&] { return lab.state(0).host_pid == 0; }));
  EXPECT_GE(core::now() - begin, milliseconds(300));
  EXPECT_TRUE(lab.state(0).last_exit->signalled);
  EXPECT_EQ(lab.state(0).last_exit->value, SIGKILL);
}

TEST_F(FaultTest, TerminateEndsWhatTheMainProcessLeavesBehind) {
  auto& lab = launch(leaves_a_child, 1);
  ASSERT_TRUE(wait([&] { return lines(data(0, "up")) == 1; }));
  const auto init = init_of(lab.state(0).host_pid);
  ASSERT_EQ(companions(init), 3U) << "init, the shell and its child";
  auto& terminate = inject("process.terminate", {{"grace", spec::Value(spec::Duration(seconds(5)))}}, {{0}, {}});
  ASSERT_TRUE(wait([&] { return terminate.ended().has_value(); }));
  EXPECT_EQ(lab.state(0).last_exit->value, SIGTERM) << "the shell ended by itself, within its grace";
  EXPECT_EQ(lab.processes(0), 0U);
  EXPECT_TRUE(wait([&] { return companions(init) == 1; })) << "only init is left";
  EXPECT_TRUE(terminate.observe().took_effect()) << terminate.observe().objection();
  EXPECT_THAT(measured(terminate, "processes left in n1"), ::testing::MatchesRegex("none .* after the exit, 1 killed"));
}

TEST_F(FaultTest, TerminateInsistsWhenItIsOverBeforeItsGrace) {
  auto& lab = launch("trap '' TERM; echo set >> $HOME/set; while :; do sleep 0.02; done", 1);
  ASSERT_TRUE(wait([&] { return lines(data(0, "set")) == 1; }));
  auto& terminate = inject(
      "process.terminate",
      {{"grace", spec::Value(spec::Duration(seconds(30)))}, {"restart", spec::Value(spec::Duration(milliseconds(10)))}},
      {{0}, {}});
  terminate.revert();
  EXPECT_TRUE(wait([&] { return lines(data(0, "set")) == 2; })) << "killed, and started again";
  EXPECT_EQ(lab.state(0).last_exit->value, SIGKILL);
}

TEST_F(FaultTest, WhatAnotherFaultEndedIsNotItsWorkAndIsOver) {
  auto& lab = launch("trap '' TERM; echo set >> $HOME/set; while :; do sleep 0.02; done", 1);
  ASSERT_TRUE(wait([&] { return lines(data(0, "set")) == 1; }));
  auto& terminate = inject("process.terminate", {{"grace", spec::Value(spec::Duration(seconds(30)))}}, {{0}, {}});
  EXPECT_EQ(measured(terminate, "exit of n1"), "it still runs");
  auto& kill = inject("process.kill", {{"restart", spec::Value(spec::Duration(milliseconds(10)))}}, {{0}, {}});
  ASSERT_TRUE(wait([&] { return kill.ended() && lab.state(0).host_pid != 0; }));
  EXPECT_THAT(measured(terminate, "exit of n1"),
              ::testing::MatchesRegex("it was killed by SIGKILL .* later, asked by .*"));
  EXPECT_TRUE(terminate.ended());
  EXPECT_FALSE(terminate.observe().took_effect());
}

TEST_F(FaultTest, ACrashLoopSaysWhyItGaveUp) {
  launch("test -e $HOME/once && exit 3; touch $HOME/once; exec sleep 987", 1);
  ASSERT_TRUE(wait([&] { return std::filesystem::exists(data(0, "once")); }));
  auto& loop = inject("process.kill",
                      {{"restart", spec::Value(spec::Duration(milliseconds(10)))},
                       {"crashes", spec::Value(std::int64_t{3})},
                       {"uptime", spec::Value(spec::Duration(milliseconds(200)))}},
                      {{0}, {}});
  ASSERT_TRUE(wait([&] { return loop.ended().has_value(); }));
  EXPECT_THAT(measured(loop, "exit of n1"), ::testing::HasSubstr("gave up: the node was down 200ms after restart 1"));
  EXPECT_FALSE(loop.observe().took_effect());
}

TEST_F(FaultTest, ACrashLoopWithoutUptimeGoesOnAllTheSame) {
  auto& lab = launch("exec sleep 987", 1);
  auto& loop = inject("process.kill",
                      {{"restart", spec::Value(spec::Duration(0))},
                       {"crashes", spec::Value(std::int64_t{20})},
                       {"uptime", spec::Value(spec::Duration(0))}},
                      {{0}, {}});
  ASSERT_TRUE(wait([&] { return loop.ended().has_value(); }));
  EXPECT_TRUE(loop.observe().took_effect()) << loop.observe().objection();
  EXPECT_EQ(lab.state(0).starts, 21);
}

TEST_F(FaultTest, KillOfTheMainProcessAloneTellsHowManyGoOn) {
  auto& lab = launch(leaves_a_child, 1);
  ASSERT_TRUE(wait([&] { return lines(data(0, "up")) == 1; }));
  const auto init = init_of(lab.state(0).host_pid);
  auto& kill = inject("process.kill", {{"tree", spec::Value(false)}}, {{0}, {}});
  ASSERT_TRUE(wait([&] { return kill.ended().has_value(); }));
  EXPECT_EQ(companions(init), 2U) << "init and the shell's child";
  EXPECT_TRUE(kill.observe().took_effect()) << kill.observe().objection();
  EXPECT_EQ(measured(kill, "processes left in n1"), "1");
}

TEST_F(FaultTest, ARestartFindsNothingOfTheOldProcesses) {
  auto& lab = launch(leaves_a_child, 1);
  ASSERT_TRUE(wait([&] { return lines(data(0, "up")) == 1; }));
  const auto init = init_of(lab.state(0).host_pid);
  auto& kill =
      inject("process.kill", {{"tree", spec::Value(false)}, {"restart", spec::Value(spec::Duration(milliseconds(50)))}},
             {{0}, {}});
  const auto ready = [&] { return lab.state(0).phase == core::NodeState::Phase::ready; };
  ASSERT_TRUE(wait([&] { return lines(data(0, "up")) == 2 && ready(); })) << "the file may be first to tell";
  EXPECT_EQ(companions(init), 3U) << "init, the new shell and its child";
  EXPECT_EQ(measured(kill, "processes left in n1"), "1, ended before the restart");
  EXPECT_THAT(measured(kill, "restart of n1"), ::testing::MatchesRegex("started .* after the exit, ready .* after it"));
}

TEST_F(FaultTest, APauseHoldsWhatIsStartedMeanwhile) {
  auto& lab = launch("echo start >> $HOME/starts; exec sleep 987", 1);
  ASSERT_TRUE(wait([&] { return lines(data(0, "starts")) == 1; }));
  auto& first = inject("process.pause", {}, {{0}, {}});
  auto& kill = inject("process.kill", {{"restart", spec::Value(spec::Duration(milliseconds(50)))}}, {{0}, {}});
  ASSERT_TRUE(wait([&] { return kill.ended() && lab.state(0).host_pid != 0; }));
  auto& second = inject("process.pause", {}, {{0}, {}});
  loop_.run_for(milliseconds(100));
  EXPECT_EQ(lines(data(0, "starts")), 1U) << "the new process is born, and held";
  first.revert();
  loop_.run_for(milliseconds(100));
  EXPECT_EQ(lines(data(0, "starts")), 1U) << "the second pause still holds";
  second.revert();
  EXPECT_TRUE(wait([&] { return lines(data(0, "starts")) == 2; }));
  for (auto* injection : {&first, &kill, &second})
    EXPECT_TRUE(injection->observe().took_effect()) << injection->observe().objection();
}

TEST_F(FaultTest, APauseThatANodeDoesNotSurviveHeldItToItsEnd) {
  auto& lab = launch("exec sleep 987", 1);
  auto& pause = inject("process.pause", {}, {{0}, {}});
  inject("process.kill", {}, {{0}, {}});
  ASSERT_TRUE(wait([&] { return lab.state(0).host_pid == 0; }));
  pause.revert();
  EXPECT_TRUE(pause.observe().took_effect()) << pause.observe().objection();
  auto& late = inject("process.pause", {}, {{0}, {}});
  late.revert();
  EXPECT_FALSE(late.observe().took_effect()) << "there was nothing to hold";
}

}  // namespace
}  // namespace withstand::faults::testing
