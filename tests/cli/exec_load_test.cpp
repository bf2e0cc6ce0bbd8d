// A load program of the user's own: where it is found, what it may, how it starts and ends.

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "cli/command.hpp"

namespace withstand::cli_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

/// It speaks the protocol and runs `first` before it says that it is ready.
std::string client(const std::string& first, const std::string& later = "pass") {
  return fmt::format(R"(#!/usr/bin/env python3
import json, os, subprocess, sys, time
sys.stdin.readline()
{}
print('{{"ready":true}}', flush=True)
store = {{}}
for line in sys.stdin:
    {}
    request = json.loads(line)
    if request["op"] == "write":
        store[request["key"]] = request["value"]
    print(json.dumps({{"id": request["id"], "outcome": "ok", "value": store.get(request["key"])}}), flush=True)
)",
                     first, later);
}

std::string experiment(const std::string& command) {
  return fmt::format(R"(title = "a load of one's own"
[target]
command = ["sleep", "inf"]
[load]
workload = "register"
driver   = "exec"
command  = [{}]
rate     = "50/s"
[phases]
warm_up = "100ms"
before  = "500ms"
during  = "300ms"
after   = "300ms"
[expect]
before = ["errors == 0%"]
)",
                     command);
}

class ExecLoad : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = why_no_run(); !why.empty()) GTEST_SKIP() << why;
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  }
  /// An executable file.
  void write_client(const std::string& name, const std::string& text) const {
    ASSERT_EQ(::chmod(folder_.write(name, text).c_str(), 0755), 0);
  }
  [[nodiscard]] Outcome run(const std::string& command, const Before& before = {}) const {
    const auto file = folder_.write("one.toml", experiment(command));
    return withstand({"run", file, "--output", folder_.path("runs")}, before);
  }
  const Folder folder_;
};

/// The verdict is the target's; a machine that others keep busy makes it inconclusive.
MATCHER(CameToAVerdict, "") { return arg.status == 0 || arg.status == 4; }

std::string processes_that_run(const std::string& words) {
  std::string found;
  for (const auto& entry : fs::directory_iterator("/proc")) {
    auto line = read(entry.path() / "cmdline");
    std::replace(line.begin(), line.end(), '\0', ' ');
    if (line.find(words) == 0) found += entry.path().string() + ": " + line + "\n";
  }
  return found;
}

class ExecLoadAs : public ExecLoad, public ::testing::WithParamInterface<bool> {
 protected:
  void SetUp() override {
    ExecLoad::SetUp();
    if (GetParam() && !root_) GTEST_SKIP() << "needs root";
    if (!GetParam() && root_ && !somebody_may_read_the_project())
      GTEST_SKIP() << "the project's folder is closed to other users";
  }
  [[nodiscard]] Before user() const { return root_ && !GetParam() ? Before(become_somebody) : Before(); }
  const bool root_ = ::geteuid() == 0;
};

TEST_P(ExecLoadAs, LeavesNothingAndMayNothing) {
  const std::string sleep = fmt::format("sleep 77{:03}.{}", ::getpid() % 1000, GetParam() ? 1 : 2);
  write_client("client", client(fmt::format(R"(subprocess.Popen(["setsid"] + "{}".split())
open("{}", "w").write(open("/proc/self/status").read()))",
                                            sleep, folder_.path("seen"))));
  const auto outcome = run("\"./client\"", user());
  EXPECT_THAT(outcome, CameToAVerdict()) << outcome.status << outcome.out << outcome.err;
  EXPECT_EQ(processes_that_run(sleep), "");
  const auto seen = read(folder_.path("seen"));
  EXPECT_THAT(seen, AllOf(HasSubstr("CapPrm:\t0000000000000000"), HasSubstr("CapEff:\t0000000000000000"),
                          HasSubstr("NoNewPrivs:\t1"), HasSubstr("NSpid:\t")));
  // An ordinary user's load has nothing to drop it with, nor anything that it could be of use to.
  if (GetParam()) {
    EXPECT_THAT(seen, HasSubstr("CapBnd:\t0000000000000000"));
  }
}

TEST_P(ExecLoadAs, EndsWithAHarnessThatIsKilled) {
  const std::string sleep = fmt::format("sleep 78{:03}.{}", ::getpid() % 1000, GetParam() ? 1 : 2);
  write_client("client", client(fmt::format(R"(subprocess.Popen(["setsid"] + "{}".split()); time.sleep(25))", sleep)));
  const auto file = folder_.write("one.toml", experiment("\"./client\""));
  const auto until = [](const std::function<bool()>& done) {
    for (int i = 0; i < 200 && !done(); ++i) ::usleep(50'000);
    return done();
  };
  const Running running({"run", file, "--output", folder_.path("runs")}, user());
  ASSERT_TRUE(until([&] { return !processes_that_run(sleep).empty(); }));
  running.signal(SIGKILL);
  EXPECT_TRUE(until([&] { return processes_that_run(sleep).empty(); })) << processes_that_run(sleep);
  EXPECT_TRUE(until([&] { return processes_that_run("python3 ./client").empty(); }));
}

INSTANTIATE_TEST_SUITE_P(User, ExecLoadAs, ::testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "root" : "ordinary"; });

TEST_F(ExecLoad, WhoseProgramEndsIsAnErrorThatSaysHow) {
  write_client("client", client("pass", "subprocess.Popen(['sleep', '20']); sys.exit(3)"));
  const auto outcome = run("\"./client\"");
  EXPECT_EQ(outcome.status, 3) << outcome.out << outcome.err;
  EXPECT_THAT(read(folder_.only_run() + "/journal.jsonl"), HasSubstr("/client' exited with status 3"));
}

TEST_F(ExecLoad, ThatStartsSlowlyLosesNoOperation) {
  write_client("client", client("time.sleep(3)"));
  const auto outcome = run("\"./client\"");
  EXPECT_THAT(outcome, CameToAVerdict()) << outcome.status << outcome.out << outcome.err;
  EXPECT_THAT(read(folder_.only_run() + "/history.jsonl"), AllOf(HasSubstr("\"ok\""), Not(HasSubstr("\"info\""))));
}

TEST_F(ExecLoad, ThatIsNotReadyCanBeInterrupted) {
  write_client("client", client("time.sleep(25)"));
  const auto file = folder_.write("one.toml", experiment("\"./client\""));
  const auto begun = std::chrono::steady_clock::now();
  const auto limited = withstand({"run", file, "--timeout", "2s", "--output", folder_.path("runs")});
  EXPECT_EQ(limited.status, 7) << limited.out << limited.err;
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
}

TEST_F(ExecLoad, IsFoundFromTheFolderOfTheExperimentAndRunsThere) {
  write_client("client", client("open('was_here', 'w')"));
  for (const std::string command : {"\"./client\"", "\"{target}/client\"", "\"client\"", "\"python3\", \"client\""}) {
    const auto outcome = run(command);
    EXPECT_THAT(outcome, CameToAVerdict()) << command << outcome.out << outcome.err;
    EXPECT_TRUE(fs::remove(folder_.path("was_here"))) << command;
  }
}

TEST_F(ExecLoad, InAFolderThatOnlyItsOwnerMayEnterIsReachedByRoot) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give folders away";
  fs::create_directories(folder_.path("home/own"));
  write_client("home/own/client", client("pass"));
  ASSERT_EQ(::chown(folder_.path("home").c_str(), 54321, 54321), 0);
  ASSERT_EQ(::chmod(folder_.path("home").c_str(), 0700), 0);
  const auto file = folder_.write("home/own/one.toml", experiment("\"./client\""));
  const auto outcome = withstand({"run", file, "--output", folder_.path("runs")});
  EXPECT_THAT(outcome, CameToAVerdict()) << outcome.status << outcome.out << outcome.err;
}

TEST_F(ExecLoad, WhoseProgramIsNotThereIsRefusedAtItsPlace) {
  folder_.write("plain", "");
  fs::create_directory(folder_.path("sub"));
  const std::vector<std::pair<std::string, std::string>> cases{
      {"./clinet", "there is no file " + folder_.path("clinet")},
      {"sub/clinet", "there is no file " + folder_.path("sub/clinet")},
      {"{target}/clinet", "there is no file "},
      {"./sub", "there is no file "},
      {"./plain", folder_.path("plain") + " is not executable (chmod +x)"},
      {"no-such-client", "nor in PATH"}};
  for (const auto& [program, why] : cases) {
    const auto file = folder_.write("one.toml", experiment("\"" + program + "\""));
    for (const std::string command : {"plan", "run"}) {
      const auto outcome = withstand({command, file});
      EXPECT_EQ(outcome.status, 2) << command << program << outcome.out;
      EXPECT_THAT(outcome.err,
                  HasSubstr(fmt::format("{}:7:13: error: the program '{}' cannot be started: ", file, program)));
      EXPECT_THAT(outcome.err, HasSubstr(why));
      EXPECT_THAT(outcome.err, HasSubstr(fmt::format("    7 | command  = [\"{0}\"]\n      |             ^{1}\n",
                                                     program, std::string(program.size() + 1, '~'))));
    }
  }
}

}  // namespace
}  // namespace withstand::cli_test
