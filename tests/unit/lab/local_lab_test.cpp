#include "lab/local_lab.hpp"

#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <signal.h>
#include <sstream>

#include <gmock/gmock.h>

#include "os/ancillary.hpp"
#include "support/lab_fixture.hpp"

namespace withstand::lab::testing {
namespace {

using ::testing::HasSubstr;
using Phase = core::NodeState::Phase;

std::string content(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class LocalLabTest : public LabTest {};

TEST_F(LocalLabTest, RunsTargetsAndCapturesWhatTheyWrite) {
  auto& lab = make(experiment_of("echo out of $WITHSTAND_NODE; echo err >&2; exec sleep 1000"));
  std::set<core::NodeId> spoke, complained;
  const auto lines = lab.on_log([&](const core::LogLine& line) {
    if (line.text.rfind("out of n", 0) == 0) spoke.insert(line.node);
    if (line.standard_error) complained.insert(line.node);
  });
  ASSERT_FALSE(lab.launch());
  ASSERT_TRUE(wait([&] { return spoke.size() == 3 && complained.size() == 3; }));
  for (const auto id : lab.topology().targets()) {
    EXPECT_EQ(lab.state(id).phase, Phase::ready);
    EXPECT_GT(lab.state(id).host_pid, 0);
    EXPECT_EQ(lab.state(id).starts, 1);
  }
  EXPECT_TRUE(lab.tear_down().empty());
  const std::regex stamped(R"(^ +\d+\.\d{6} out of n2\n$)");
  EXPECT_TRUE(std::regex_search(content(folder_.path() + "/nodes/n2/stdout.log"), stamped));
  EXPECT_THAT(content(folder_.path() + "/nodes/n2/stderr.log"), HasSubstr("err"));
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/lab"));
}

TEST_F(LocalLabTest, GivesEachNodeAWorldOfItsOwn) {
  auto& lab = make(experiment_of("exec sleep 1000"));
  ASSERT_FALSE(lab.launch());
  EXPECT_EQ(run(0, "hostname").output, "n1\n");
  EXPECT_EQ(run(1, "pwd").output, "/run/withstand/data\n");
  EXPECT_THAT(run(0, "cat /proc/1/comm").output, HasSubstr("ws-init"));
  EXPECT_THAT(run(0, "cat /etc/hosts").output, HasSubstr("198.18.0.3 n3\n"));
  EXPECT_THAT(run(0, "cat /etc/hosts").output, HasSubstr(" client\n"));
  EXPECT_EQ(run(0, "echo mine > /tmp/x; echo mine > $TMPDIR/y; ls /tmp").output, "x\ny\n");
  EXPECT_EQ(run(1, "ls /tmp").output, "");
  EXPECT_THAT(run(0, "cat /proc/net/route /proc/net/dev").output, HasSubstr("eth0"));
  EXPECT_THAT(
      run(0, "ping -c1 -W1 n2 >/dev/null 2>&1; awk '/^Cap(Prm|Eff|Bnd|Amb)/{print $2}' /proc/self/status").output,
      HasSubstr("0000000000000000\n0000000000000000\n0000000000000000\n0000000000000000\n"));
  EXPECT_EQ(run(0, "awk '/^NoNewPrivs/{print $2}' /proc/self/status").output, "1\n");
}

TEST_F(LocalLabTest, RunsTargetsUnprivilegedEachWithItsOwnUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "an ordinary user has one uid only";
  auto& lab = make(experiment_of("id -u; id -G; touch mine; ls -ld . ; exec sleep 1000"));
  ASSERT_FALSE(lab.launch());
  const std::string first = run(0, "id -u").output;
  EXPECT_NE(first, "0\n");
  EXPECT_NE(first, run(1, "id -u").output);
  EXPECT_EQ(run(0, "test -f mine && test -O mine && echo yes").output, "yes\n");
  EXPECT_NE(run(0, "touch /run/x").exit_status, 0);
}

TEST_F(LocalLabTest, RunsTargetsAsTheUserTheyAskFor) {
  if (::geteuid() != 0) GTEST_SKIP() << "an ordinary user has one uid only";
  auto experiment = experiment_of("touch mine; exec sleep 1000", 1);
  experiment.target.kinds[0].user = "daemon";
  auto& lab = make(std::move(experiment));
  ASSERT_FALSE(lab.launch());
  ASSERT_TRUE(wait([&] { return run(0, "stat -c %U mine").output == "daemon\n"; }));
  EXPECT_EQ(run(0, "id -un").output, "daemon\n");
}

TEST_F(LocalLabTest, TellsExitsAsTheKernelSawThem) {
  auto& lab = make(experiment_of("trap 'exit 5' USR1; while :; do sleep 0.01; done", 2));
  std::vector<core::Exit> exits;
  const auto watch = lab.on_exit([&](const core::Exit& exit) { exits.push_back(exit); });
  ASSERT_FALSE(lab.launch());
  const auto pid = lab.state(0).host_pid;
  lab.kill(0, "fault-1");
  ASSERT_TRUE(wait([&] { return exits.size() == 1; }));
  EXPECT_EQ(exits[0].host_pid, pid);
  EXPECT_TRUE(exits[0].signalled);
  EXPECT_EQ(exits[0].value, SIGKILL);
  EXPECT_EQ(exits[0].asked_by, "fault-1");
  EXPECT_EQ(lab.state(0).phase, Phase::exited);

  run(1, "kill -9 2");  // somebody else, as the kernel out of memory would
  ASSERT_TRUE(wait([&] { return exits.size() == 2; }));
  EXPECT_TRUE(exits[1].signalled);
  EXPECT_FALSE(exits[1].requested);

  lab.start(0);
  lab.start(1);
  ASSERT_TRUE(wait([&] { return lab.state(0).phase == Phase::ready && lab.state(1).phase == Phase::ready; }));
  EXPECT_EQ(lab.state(0).starts, 2);
  ASSERT_EQ(run(1, "true").exit_status, 0);  // the shell has set its trap by now, or will be killed by the signal
  lab.signal(1, SIGTERM, false, "fault-2");
  ASSERT_TRUE(wait([&] { return exits.size() == 3; }));
  EXPECT_EQ(exits[2].value, SIGTERM);
  EXPECT_EQ(exits[2].asked_by, "fault-2");
}

TEST_F(LocalLabTest, AsksANodeToStopThatIsOnlyAboutToStart) {
  auto& lab = make(experiment_of("exec sleep 1000", 2));
  std::vector<core::Exit> exits;
  const auto watch = lab.on_exit([&](const core::Exit& exit) { exits.push_back(exit); });
  ASSERT_FALSE(lab.launch());
  lab.kill(0, "a fault");
  ASSERT_TRUE(wait([&] { return exits.size() == 1; }));
  lab.start(0);  // as the roll-back does; its process is not there yet
  ASSERT_EQ(lab.state(0).host_pid, 0);
  EXPECT_TRUE(lab.tear_down().empty());
  ASSERT_EQ(exits.size(), 3U);
  for (std::size_t i = 1; i < exits.size(); ++i) {
    EXPECT_EQ(exits[i].value, SIGTERM);
    EXPECT_EQ(exits[i].asked_by, "tear-down");
  }
}

TEST_F(LocalLabTest, KillsTheWholeTreeAtOnce) {
  auto& lab =
      make(experiment_of("for i in 1 2 3; do (setsid sh -c 'sleep 1000 & wait' &) ; done; sleep 1000 & wait", 1));
  ASSERT_FALSE(lab.launch());
  ASSERT_TRUE(wait([&] { return run(0, "pgrep -c sleep").output == "4\n"; }));
  std::optional<core::Exit> exit;
  const auto watch = lab.on_exit([&](const core::Exit& got) { exit = got; });
  lab.kill(0, "test");
  ASSERT_TRUE(wait([&] { return exit.has_value(); }));
  // All were killed before the first of them was reaped; the kernel ends them one after the other.
  EXPECT_TRUE(wait([&] { return run(0, "pgrep -c sleep").output == "0\n"; }));
  EXPECT_EQ(run(0, "cat /proc/1/comm").output, "ws-init\n");
}

TEST_F(LocalLabTest, PausesNestAndAreProvedFromOutside) {
  auto& lab = make(experiment_of("while :; do echo tick; sleep 0.01; done", 1));
  std::size_t ticks = 0;
  const auto lines = lab.on_log([&](const core::LogLine&) { ++ticks; });
  ASSERT_FALSE(lab.launch());
  ASSERT_TRUE(wait([&] { return ticks > 3; }));
  auto first = lab.pause(0, "a");
  auto second = lab.pause(0, "b");
  loop_.run_for(std::chrono::milliseconds(20));  // what was written before
  const std::size_t before = ticks;
  loop_.run_for(std::chrono::milliseconds(100));
  EXPECT_EQ(ticks, before);
  EXPECT_EQ(lab.state(0).phase, Phase::paused);
  EXPECT_TRUE(first->proof().holds) << first->proof().text;
  EXPECT_EQ(first->mechanism(), lab.pause_mechanism());
  EXPECT_EQ(run(0, "echo still served").output, "still served\n");
  first->resume();
  loop_.run_for(std::chrono::milliseconds(50));
  EXPECT_EQ(ticks, before);
  EXPECT_TRUE(second->proof().holds) << second->proof().text;
  second.reset();
  EXPECT_TRUE(wait([&] { return ticks > before + 3; }));
  EXPECT_EQ(lab.state(0).phase, Phase::ready);
}

TEST_F(LocalLabTest, KillsWhatIsPaused) {
  auto& lab = make(experiment_of("exec sleep 1000", 1));
  ASSERT_FALSE(lab.launch());
  auto pause = lab.pause(0, "pause");
  lab.kill(0, "kill");
  ASSERT_TRUE(wait([&] { return lab.state(0).phase == Phase::exited; }));
  lab.start(0);
  loop_.run_for(std::chrono::milliseconds(50));
  pause->resume();
  EXPECT_TRUE(wait([&] { return lab.state(0).phase == Phase::ready; }));
}

TEST_F(LocalLabTest, AStartEndsWhatTheLastOneLeftBehind) {
  auto& lab = make(experiment_of("sleep 1000 & sleep 1000 & wait", 1));
  ASSERT_FALSE(lab.launch());
  ASSERT_TRUE(wait([&] { return lab.processes(0) == 3; }));
  lab.signal(0, SIGKILL, false, "test");
  ASSERT_TRUE(wait([&] { return lab.state(0).phase == Phase::exited; }));
  EXPECT_EQ(lab.processes(0), 2U);
  lab.start(0);
  ASSERT_TRUE(wait([&] { return lab.processes(0) == 3; }));
  EXPECT_EQ(run(0, "pgrep -c sleep").output, "2\n");
}

TEST_F(LocalLabTest, WhatIsStartedIntoAPauseIsHeld) {
  auto& lab = make(experiment_of("echo ran; exec sleep 1000", 1));
  std::size_t runs = 0;
  const auto lines = lab.on_log([&](const core::LogLine&) { ++runs; });
  ASSERT_FALSE(lab.launch());
  ASSERT_TRUE(wait([&] { return runs == 1; }));
  for (std::size_t round = 1; round <= 3; ++round) {
    lab.kill(0, "kill");
    ASSERT_TRUE(wait([&] { return lab.state(0).phase == Phase::exited; }));
    auto pause = lab.pause(0, "pause");
    lab.start(0);
    ASSERT_TRUE(wait([&] { return lab.state(0).host_pid != 0; }));
    loop_.run_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(pause->proof().holds) << pause->proof().text;
    EXPECT_EQ(runs, round);
    EXPECT_EQ(lab.state(0).phase, Phase::paused);
    pause->resume();
    ASSERT_TRUE(wait([&] { return runs == round + 1 && lab.state(0).phase == Phase::ready; }));
  }
}

TEST_F(LocalLabTest, TellsWhatKeepsARestartedNodeFromBeingReady) {
  auto experiment = experiment_of("if [ -e came ]; then exec sleep 1000; fi; touch came; echo up; exec sleep 1000", 1);
  experiment.target.kinds[0].ready.source = spec::ReadySpec::Source::log;
  experiment.target.kinds[0].ready.text = "up";
  auto& lab = make(std::move(experiment));
  ASSERT_FALSE(lab.launch());
  EXPECT_EQ(lab.why_not_ready(0), "");
  lab.kill(0, "kill");
  ASSERT_TRUE(wait([&] { return lab.state(0).phase == Phase::exited; }));
  EXPECT_EQ(lab.why_not_ready(0), "") << "it was not started again";
  lab.start(0);
  ASSERT_TRUE(wait([&] { return lab.state(0).host_pid != 0; }));
  EXPECT_EQ(lab.why_not_ready(0), "no line of its output matches /up/");
}

TEST_F(LocalLabTest, CommandsHaveTimeOutsCapsAndTrueStatuses) {
  auto& lab = make(experiment_of("exec sleep 1000", 1));
  ASSERT_FALSE(lab.launch());
  EXPECT_EQ(run(0, "exit 9").exit_status, 9);
  EXPECT_EQ(run(0, "kill -9 $$").exit_status, 128 + 9);
  EXPECT_EQ(run(0, "echo no >&2; exit 1").error, "no\n");
  EXPECT_EQ(run(0, "yes | head -c 3000000").output.size(), 1U << 20);
  const auto late = run(0, "sleep 1000 & sleep 1000", std::chrono::milliseconds(100));
  EXPECT_TRUE(late.timed_out);
  EXPECT_LT(late.ended - late.started, std::chrono::seconds(2));
  EXPECT_EQ(run(0, "pgrep -c sleep").output, "1\n") << "the target's alone";
  std::optional<core::CommandResult> missing;
  lab.run_in(0, {"no-such-program"}, std::chrono::seconds(1),
             [&](core::CommandResult got) { missing = std::move(got); });
  ASSERT_TRUE(wait([&] { return missing.has_value(); }));
  EXPECT_EQ(missing->exit_status, 127);
  EXPECT_THAT(missing->error, HasSubstr("no-such-program: No such file"));
}

TEST_F(LocalLabTest, SpawnsHelpersBesideTheNode) {
  auto& lab = make(experiment_of("exec sleep 1000", 1));
  std::string said;
  const auto lines = lab.on_log([&](const core::LogLine& line) { said = line.text; });
  const auto client = lab.topology().clients().front();
  auto helper = lab.spawn_in(client, {"__helper"});
  const auto message = os::receive_message(helper.control().get());
  EXPECT_THAT(message->data, HasSubstr("client no /proc/self ")) << "it stays outside the node's PID namespace";
  EXPECT_TRUE(wait([&] { return said == "helper speaks"; }));
  EXPECT_EQ(helper.finish(1000).to_text(), "exited with status 0");
}

/// How many processes there are in a PID namespace; those that have ended are in none.
std::size_t processes_in(const std::string& pid_namespace) {
  std::size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path() / "ns/pid", gone) == pid_namespace) ++count;
  }
  return count;
}

TEST_F(LocalLabTest, WhatAHelperStartsEndsWithTheNode) {
  auto& lab = make(experiment_of("exec sleep 1000", 1));
  const auto client = lab.topology().clients().front();
  auto helper = lab.spawn_in(client, {"__helper"});
  const std::string said = os::receive_message(helper.control().get())->data;
  const std::string born_in = said.substr(said.find("pid:["));
  EXPECT_EQ(run(client, "readlink /proc/self/ns/pid").output, born_in + "\n");
  EXPECT_EQ(helper.finish(1000).to_text(), "exited with status 0");
  EXPECT_EQ(processes_in(born_in), 2U) << "the node's init, and what the helper has left";
  EXPECT_TRUE(lab.tear_down().empty());
  EXPECT_EQ(processes_in(born_in), 0U);
}

TEST_F(LocalLabTest, ConnectsFromInsideANode) {
  auto experiment = experiment_of("exec sleep 1000", 2);
  auto& lab = make(experiment);
  std::string refused;
  lab.connect(0, "n2", 81, std::chrono::seconds(2), [&](const os::Fd&, const std::string& error) { refused = error; });
  ASSERT_TRUE(wait([&] { return !refused.empty(); }));
  EXPECT_EQ(refused, "Connection refused");
}

TEST_F(LocalLabTest, TearDownIsIdempotentAndLeavesNothing) {
  auto& lab = make(experiment_of("trap '' TERM; while :; do sleep 1; done", 2));
  ASSERT_FALSE(lab.launch());
  loop_.run_for(std::chrono::milliseconds(50));
  EXPECT_TRUE(lab.tear_down().empty());
  EXPECT_TRUE(lab.tear_down().empty());
}

TEST_F(LocalLabTest, ADeadInitIsTheHarnessesError) {
  auto& lab = make(experiment_of("exec sleep 1000", 1));
  ASSERT_FALSE(lab.launch());
  std::string dead;
  const auto watch = lab.on_medium_death([&](const std::string& what) { dead = what; });
  ::kill(lab.state(0).host_pid, SIGCONT);
  std::ifstream stat("/proc/" + std::to_string(lab.state(0).host_pid) + "/stat");
  std::string skip;
  pid_t init = 0;
  stat >> skip >> skip >> skip >> init;
  ::kill(init, SIGKILL);
  ASSERT_TRUE(wait([&] { return !dead.empty(); }));
  EXPECT_EQ(dead, "the init of node n1 (it was killed by SIGKILL)");
}

}  // namespace
}  // namespace withstand::lab::testing
