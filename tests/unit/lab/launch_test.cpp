#include <fstream>
#include <signal.h>
#include <time.h>

#include <gmock/gmock.h>

#include "lab/local_lab.hpp"
#include "lab/run_state.hpp"
#include "os/files.hpp"
#include "os/proc.hpp"
#include "support/lab_fixture.hpp"

namespace withstand::lab::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Phase = core::NodeState::Phase;
using Source = spec::ReadySpec::Source;

/// Targets that serve TCP and HTTP on port 7000 after a while.
spec::Experiment servers(Source source, const std::string& text, int delay_ms = 100) {
  auto experiment = experiment_of("", 2);
  auto& kind = experiment.target.kinds[0];
  kind.command = {os::real_path("/proc/self/exe"), "__serve", "{port}", std::to_string(delay_ms)};
  kind.ports = {{"main", 7000}};
  kind.port_order = {"main"};
  kind.ready.source = source;
  kind.ready.text = text;
  return experiment;
}

class LaunchTest : public LabTest {};

TEST_F(LaunchTest, WaitsForEveryKindOfReadiness) {
  const std::vector<std::pair<Source, std::string>> ways{
      {Source::tcp, "main"},
      {Source::http, "http://{address}:{port}/health"},
      {Source::http, "http://[{address6}]:{port}/"},
      {Source::command, "grep -q 1B58 /proc/net/tcp6"},  // somebody listens on 7000
      {Source::log, "^serv(ing|es)$"}};
  for (const auto& [source, text] : ways) {
    auto experiment = servers(source, text);
    experiment.target.kinds[0].ready.status = 204;
    auto& lab = make(std::move(experiment));
    const auto begin = core::now();
    const auto failure = lab.launch();
    ASSERT_FALSE(failure) << text << ": " << failure->reason << failure->detail;
    EXPECT_GE(core::now() - begin, std::chrono::milliseconds(100)) << text;
    EXPECT_EQ(lab.state(1).phase, Phase::ready);
    lab_.reset();
  }
}

TEST_F(LaunchTest, SaysWhyANodeIsNotReady) {
  auto experiment = servers(Source::tcp, "main", 100'000);
  experiment.target.kinds[0].ready.timeout = std::chrono::milliseconds(150);
  experiment.target.kinds[0].count = 1;
  const auto failure = make(std::move(experiment)).launch();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, "n1 was not ready within 150ms: tcp 198.18.0.1:7000: Connection refused");
}

TEST_F(LaunchTest, ShowsTheLastWordsOfATargetThatDied) {
  auto experiment = experiment_of("echo one; echo two >&2; exit 3", 1);
  experiment.target.kinds[0].ready.source = Source::log;
  experiment.target.kinds[0].ready.text = "never";
  const auto failure = make(std::move(experiment)).launch();
  ASSERT_TRUE(failure);
  EXPECT_EQ(failure->reason, "n1 ended before it was ready");
  EXPECT_EQ(failure->detail, "it exited with status 3\nstdout: one\nstderr: two\n");
}

TEST_F(LaunchTest, AMissingProgramIsNamedWithThePackageThatHoldsIt) {
  auto experiment = experiment_of("", 1);
  experiment.target.kinds[0].command = {"no-such-server"};
  experiment.target.packages = {"no-such-package"};
  try {
    make(std::move(experiment));
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_STREQ(error.what(),
                 "the program no-such-server of target inline was not found (Debian packages: no-such-package)");
  }
  EXPECT_FALSE(std::filesystem::exists(folder_.path() + "/lab")) << "nothing is left of a lab that never was";
}

TEST_F(LaunchTest, AProgramThatCannotRunIsTheTargetsFailure) {
  auto experiment = experiment_of("", 1);
  const std::string program = folder_.path() + "/broken";
  os::write_file(program, "#!/no/such/interpreter\n", 0755);
  experiment.target.kinds[0].command = {program};
  const auto failure = make(std::move(experiment)).launch();
  ASSERT_TRUE(failure);
  EXPECT_THAT(failure->reason,
              HasSubstr("n1 could not be started: execute /run/withstand/program/broken: No such file"));
}

TEST_F(LaunchTest, RunsProgramsThatTheNodesUserCannotReach) {
  const std::string closed = folder_.path() + "/closed";  // below /tmp, which nodes have of their own, and 0700
  os::make_folders(closed, 0700);
  os::write_file(closed + "/service", "#!/bin/sh\n. $(dirname $0)/helper\nexec sleep 1000\n", 0755);
  os::write_file(closed + "/helper", "echo helped\n", 0644);
  auto experiment = experiment_of("", 1);
  experiment.target.folder = closed;
  experiment.target.kinds[0].command = {"service"};
  experiment.target.kinds[0].ready.source = Source::log;
  experiment.target.kinds[0].ready.text = "^helped$";
  ::chmod(closed.c_str(), 0700);
  auto& lab = make(std::move(experiment));
  const auto failure = lab.launch();
  EXPECT_FALSE(failure) << failure->reason << failure->detail;
  EXPECT_EQ(lab.expand(0, "{target}/x"), "/run/withstand/target/x");
}

TEST_F(LaunchTest, RendersFilesAndKeepsTheOrderOfKinds) {
  spec::Experiment experiment = experiment_of("", 2);
  auto& first = experiment.target.kinds[0];
  first.name = "db";
  first.command = {"/bin/sh", "-c", "test -f made; cat {config}/db.conf; echo up; exec sleep 1000", "{name}"};
  first.before_start = {"sh", "-c", "sleep 0.1; touch made"};
  first.ports = {{"main", 7000}};
  first.port_order = {"main"};
  first.ready.source = Source::log;
  first.ready.text = "^up$";
  first.files = {{"", "peers={peers} me={name} first={first} {{}}\n", "db.conf", "all", false},
                 {"", "", "own.conf", "first", true}};
  first.data = {"wal"};
  spec::NodeKind second = first;
  second.name = "proxy";
  second.files.clear();
  second.before_start.clear();
  second.command = {"/bin/sh", "-c", "echo up; exec sleep 1000"};
  second.starts_after = {"db"};
  experiment.target.kinds.push_back(second);
  experiment.target.lists = {{"peers", "db", "{name}={address}:{port.main}", ",", true}};
  auto& lab = make(std::move(experiment));
  std::vector<core::NodeId> order;
  const auto watch = lab.on_ready([&](core::NodeId id) { order.push_back(id); });
  const auto failure = lab.launch();
  ASSERT_FALSE(failure) << failure->reason << failure->detail;
  ASSERT_EQ(order.size(), 4U);
  EXPECT_LT(order[0] + order[1], 2U);  // both of db, in either order
  EXPECT_EQ(run(0, "cat $0/db.conf").exit_status, 1);
  EXPECT_EQ(run(1, "cat /run/withstand/config/db.conf").output,
            "peers=db-1=198.18.0.1:7000,db-2=198.18.0.2:7000 me=db-2 first=false {}\n");
  EXPECT_EQ(run(0, "ls /run/withstand/config; ls; test -w /run/withstand/config/own.conf && echo writable").output,
            "db.conf\nown.conf\nmade\nwal\nwritable\n");
  EXPECT_EQ(run(1, "ls /run/withstand/config").output, "db.conf\n");
}

TEST_F(LaunchTest, ResolvesRolesByTheMajoritysAnswer) {
  auto experiment = experiment_of("exec sleep 1000", 3);
  spec::RoleSpec primary;
  primary.of = primary.on = "node";
  // Two nodes name n2, one a stale n1.
  primary.command = {"/bin/sh", "-c", "if [ {name} = n3 ]; then echo n1; else echo master {n2.address}:6379; fi"};
  spec::RoleSpec replica;
  replica.of = "node";
  replica.complement_of = "primary";
  spec::RoleSpec nobody = primary;
  nobody.command = {"/bin/sh", "-c", "echo {name}"};
  spec::RoleSpec leader = primary;
  leader.self = true;
  // n1 and n3 claim it for themselves, n2 names n3: it does not, and of the others it is not asked.
  leader.command = {"/bin/sh", "-c", "if [ {name} = n2 ]; then echo n3; else echo {address}; fi"};
  spec::RoleSpec silent = leader;
  silent.command = {"/bin/sh", "-c", "exit 1"};
  experiment.target.roles = {
      {"primary", primary}, {"replica", replica}, {"nobody", nobody}, {"leader", leader}, {"silent", silent}};
  auto& lab = make(std::move(experiment));
  ASSERT_FALSE(lab.launch());
  const auto holders = [&](const std::string& role) {
    std::optional<std::vector<core::NodeId>> found;
    lab.holders("node", role, [&](std::vector<core::NodeId> nodes, const std::string&) { found = std::move(nodes); });
    wait([&] { return found.has_value(); });
    return found.value_or(std::vector<core::NodeId>{99});
  };
  EXPECT_THAT(holders("primary"), ElementsAre(1));
  EXPECT_THAT(holders("replica"), ElementsAre(0, 2));
  EXPECT_THAT(holders("nobody"), ElementsAre()) << "three answers, no majority";
  EXPECT_THAT(holders("leader"), ElementsAre(0, 2)) << "each answers for itself";
  EXPECT_THAT(holders("silent"), ElementsAre());
  EXPECT_THAT(holders("no such role"), ElementsAre());
  const auto pause = lab.pause(2, "test");
  EXPECT_THAT(holders("replica"), ElementsAre(0)) << "a paused node is not live";
}

/// What this process itself has computed: a busy machine does not count.
std::chrono::nanoseconds own_time() {
  timespec value{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &value);
  return std::chrono::seconds(value.tv_sec) + std::chrono::nanoseconds(value.tv_nsec);
}

TEST_F(LaunchTest, AFloodOfOutputDoesNotStallTheLoop) {
  auto& lab = make(experiment_of("exec yes", 2));
  ASSERT_FALSE(lab.launch());
  std::chrono::nanoseconds worst{};
  for (int i = 0; i < 100; ++i) {
    const auto before = own_time();
    bool rang = false;
    const auto timer = loop_.at(core::now() + std::chrono::milliseconds(3), [&] { rang = true; });
    wait([&] { return rang; });
    worst = std::max(worst, own_time() - before);
  }
  EXPECT_LT(worst, std::chrono::milliseconds(50)) << "a full pipe of short lines takes longer than that";
  EXPECT_TRUE(lab.tear_down().empty());
}

TEST_F(LaunchTest, IsFoundByOthersWhileItLives) {
  auto& lab = make(experiment_of("exec sleep 1000", 1));
  const auto state = find_run(folder_.path());
  ASSERT_TRUE(state);
  EXPECT_EQ(state->pid, ::getpid());
  ASSERT_EQ(state->nodes.size(), 2U);
  EXPECT_EQ(shell_in(state->nodes[0], {"sh", "-c", "test $(hostname) = n1 -a $(pwd) = /run/withstand/data && exit 7"}),
            7);
  EXPECT_EQ(shell_in(state->nodes[0], {"sh", "-c", "kill -9 $$"}), 137);
  EXPECT_TRUE(lab.tear_down().empty());
  EXPECT_FALSE(find_run(folder_.path()));
}

TEST_F(LaunchTest, ADeadGuardianIsTheHarnessesError) {
  auto& lab = make(experiment_of("exec sleep 1000", 1));
  std::string dead;
  const auto watch = lab.on_medium_death([&](const std::string& what) { dead = what; });
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto stat = os::process_stat(std::stoi(pid));
    if (stat && stat->parent == ::getpid() && stat->name == "ws-guardian") ::kill(stat->pid, SIGKILL);
  }
  ASSERT_TRUE(wait([&] { return !dead.empty(); }));
  EXPECT_EQ(dead, "the guardian");
  EXPECT_TRUE(lab.tear_down().empty());
}

}  // namespace
}  // namespace withstand::lab::testing
