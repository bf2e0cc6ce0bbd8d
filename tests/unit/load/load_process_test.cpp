#include "load/load_process.hpp"

#include <csignal>
#include <unistd.h>

#include <fmt/format.h>
#include <linux/capability.h>
#include <sys/wait.h>

#include "core/event_loop.hpp"
#include "load/load_client.hpp"
#include "os/capabilities.hpp"
#include "os/fd.hpp"
#include "os/files.hpp"
#include "support.hpp"

namespace withstand::load {
namespace {

using namespace testing;

const std::string example = WITHSTAND_SOURCE_DIR "/tests/programs/exec_load_client.py";

/// A load process of its own, forked off the test.
struct LoadProcessTest : ::testing::Test {
  void begin(Config config) {
    auto pair = os::make_socket_pair();
    pid = ::fork();
    ASSERT_GE(pid, 0);
    if (pid == 0) {
      pair.first.reset();
      ::_exit(LoadProcess(std::move(pair.second)).run());
    }
    LoadClient::Callbacks callbacks;
    callbacks.on_ready = [this] { ready = true; };
    callbacks.on_second = [this](const auto& told) { all.insert(all.end(), told.begin(), told.end()); };
    callbacks.on_finished = [this](const Summary& told) { summary = told; };
    callbacks.on_final_reads = [this](const FinalReads& told) { final_reads = told; };
    callbacks.on_death = [this](const std::string& told) { death = told; };
    client.emplace(loop, std::move(pair.first), config, callbacks);
  }
  void wait_until(const std::function<bool()>& done) {
    ASSERT_TRUE(loop.run_until(done, core::now() + seconds(20))) << death;
  }
  int status() {
    int raw = 0;
    EXPECT_EQ(::waitpid(std::exchange(pid, -1), &raw, 0) > 0, true);
    return WIFEXITED(raw) ? WEXITSTATUS(raw) : -WTERMSIG(raw);
  }
  void TearDown() override {
    client.reset();
    if (pid > 0) (void)status();
  }
  Config exec_config(const std::string& program = "") {
    auto config = register_config(folder.file("history.jsonl"));
    config.driver = "exec";
    config.command = program.empty() ? std::vector<std::string>{"python3", example}
                                     : std::vector<std::string>{"python3", "-c", program};
    config.endpoints = {{"n1", "198.18.0.1", 7000}};
    config.rate_millihertz = 400'000;
    config.epoch = core::now().count();
    return config;
  }

  Folder folder;
  core::EventLoop loop;
  pid_t pid = -1;
  std::optional<LoadClient> client;
  bool ready = false;
  std::vector<record::LoadSecond> all;
  std::optional<Summary> summary;
  std::optional<FinalReads> final_reads;
  std::string death;
};

TEST_F(LoadProcessTest, RunsALoadFromStartToExit) {
  auto config = exec_config();
  config.workload = "write-once";
  begin(config);
  wait_until([&] { return ready; });
  client->start(core::now() + milliseconds(50));
  loop.run_for(milliseconds(1'200));
  client->stop();
  wait_until([&] { return summary.has_value(); });
  EXPECT_NEAR(static_cast<double>(summary->planned), 460, 60);
  EXPECT_EQ(summary->ok, summary->planned);
  client->final_reads({"n1", "n2"}, seconds(10));
  wait_until([&] { return final_reads.has_value(); });
  EXPECT_EQ(final_reads->wanted, 2 * summary->ok);
  EXPECT_EQ(final_reads->read, final_reads->wanted);
  client->exit();
  EXPECT_EQ(status(), 0);
  loop.run_for(milliseconds(10));
  EXPECT_EQ(death, "");

  std::uint64_t told = 0;
  for (const auto& second : all) told += second.op.empty() ? second.ok : 0;
  EXPECT_EQ(told, summary->ok) << "each operation is told in one second";
  const auto operations = read_back(config.history);
  EXPECT_EQ(operations.size(), summary->planned + final_reads->read);
  for (const auto& operation : operations) {
    EXPECT_EQ(operation.outcome, record::Outcome::ok);
    EXPECT_GE(operation.sent, operation.intended);
    EXPECT_TRUE(operation.value.has_value()) << operation.key;
  }
}

TEST_F(LoadProcessTest, AKilledRunKeepsWhatHappened) {
  const auto config = exec_config();
  begin(config);
  client->start(core::now());
  wait_until([&] { return !all.empty(); });
  ::kill(pid, SIGKILL);
  wait_until([&] { return !death.empty(); });
  EXPECT_EQ(death, "the load process ended");
  EXPECT_EQ(status(), -SIGKILL);
  std::uint64_t told = 0;
  for (const auto& second : all) told += second.op.empty() ? second.ok : 0;
  const auto operations = read_back(config.history);
  EXPECT_GT(told, 100U);
  EXPECT_GE(operations.size(), told);
}

TEST_F(LoadProcessTest, EndsWhenTheOrchestratorIsGone) {
  begin(exec_config());
  client->start(core::now());
  wait_until([&] { return ready; });
  client.reset();
  EXPECT_EQ(status(), 0);
}

TEST_F(LoadProcessTest, AProgramThatEndsIsAnErrorOfTheHarnessAndTheWayItEndedIsSaid) {
  begin(exec_config(
      "import sys; sys.stdin.readline(); print('{\"ready\":true}', flush=True); sys.stdin.readline(); sys.exit(3)"));
  client->start(core::now());
  wait_until([&] { return !death.empty(); });
  EXPECT_EQ(death, "the load's program 'python3' exited with status 3");
  EXPECT_EQ(status(), 3);
}

TEST_F(LoadProcessTest, AProgramThatIsKilledIsNamedWithTheSignal) {
  begin(exec_config("import os, sys; sys.stdin.readline(); os.kill(os.getpid(), 9)"));
  client->start(core::now());
  wait_until([&] { return !death.empty(); });
  EXPECT_EQ(death, "the load's program 'python3' was killed by SIGKILL");
}

TEST_F(LoadProcessTest, TheEndOfAProgramIsSeenWhileAChildOfItHoldsItsOutput) {
  const auto begun = core::now();
  begin(exec_config("import subprocess, sys; sys.stdin.readline(); subprocess.Popen(['sleep', '10']); sys.exit(3)"));
  wait_until([&] { return !death.empty(); });
  EXPECT_EQ(death, "the load's program 'python3' exited with status 3");
  EXPECT_LT(core::now() - begun, seconds(8));
}

TEST_F(LoadProcessTest, AProgramThatClosesAPipeAndLivesOnIsAnErrorToo) {
  begin(exec_config("import os, time; os.close(1); time.sleep(60)"));
  client->start(core::now());
  wait_until([&] { return !death.empty(); });
  EXPECT_EQ(death, "the load's program 'python3' has closed its standard output");
  EXPECT_EQ(status(), 3);
  death.clear();
  begin(exec_config("import os, time; os.close(0); time.sleep(60)"));
  client->start(core::now());
  wait_until([&] { return !death.empty(); });
  EXPECT_EQ(death, "the load's program 'python3' takes no requests any more");
  EXPECT_EQ(status(), 3);
}

TEST_F(LoadProcessTest, AProgramHasTheCallersUserAndNoCapabilities) {
  const auto seen = folder.file("status");
  begin(exec_config(
      fmt::format("import sys; open('{}', 'w').write(open('/proc/self/status').read()); sys.exit(0)", seen)));
  wait_until([&] { return !death.empty(); });
  const auto text = os::read_file(seen).value_or("");
  for (const std::string set : {"CapInh", "CapPrm", "CapEff", "CapAmb"})
    EXPECT_THAT(text, ::testing::HasSubstr(set + ":\t0000000000000000\n"));
  if (os::has_capability(CAP_SETPCAP)) {
    EXPECT_THAT(text, ::testing::HasSubstr("CapBnd:\t0000000000000000\n"));
  }
  EXPECT_THAT(text, ::testing::HasSubstr("NoNewPrivs:\t1\n"));
  EXPECT_THAT(text, ::testing::HasSubstr(fmt::format("Uid:\t{0}\t{0}\t{0}\t{0}\n", ::getuid())));
}

TEST_F(LoadProcessTest, IsReadyWhenItsProgramSaysSo) {
  const auto begun = core::now();
  begin(
      exec_config("import sys, time; sys.stdin.readline(); time.sleep(0.7); "
                  "print('{\"ready\":true}', flush=True); sys.stdin.read()"));
  wait_until([&] { return ready || !death.empty(); });
  EXPECT_EQ(death, "");
  EXPECT_GE(core::now() - begun, milliseconds(700));
  loop.run_for(milliseconds(50));
  EXPECT_EQ(death, "");
}

TEST_F(LoadProcessTest, AProgramThatNeverSaysThatItIsReadyIsNamedWithWhatIsMissing) {
  auto config = exec_config("import sys; sys.stdin.read()");
  config.start_limit = 300'000'000;
  begin(config);
  wait_until([&] { return !death.empty(); });
  EXPECT_FALSE(ready);
  EXPECT_EQ(death, "the load's program 'python3' did not answer its configuration with {\"ready\":true} within 300ms");
  EXPECT_EQ(status(), 3);
}

TEST_F(LoadProcessTest, AProgramThatAnswersBeforeItIsReadyIsNamedWithWhatItSaid) {
  begin(exec_config("print('hello', flush=True); import sys; sys.stdin.read()"));
  wait_until([&] { return !death.empty(); });
  EXPECT_EQ(death, "the load's program 'python3' did not begin with {\"ready\":true}, but wrote: hello");
}

TEST_F(LoadProcessTest, AProgramThatTalksNonsenseIsNamedWithWhatItSaid) {
  begin(exec_config("print('{\"ready\":true}\\nhello', flush=True); import sys; sys.stdin.read()"));
  client->start(core::now());
  wait_until([&] { return !death.empty(); });
  EXPECT_EQ(death, "the load's program 'python3' wrote what is no answer: hello");
}

TEST_F(LoadProcessTest, AProgramThatIsNotThereIsNamed) {
  auto config = exec_config();
  config.command = {"no-such-program"};
  begin(config);
  wait_until([&] { return !death.empty(); });
  EXPECT_EQ(death, "there is no program 'no-such-program' in PATH for driver 'exec'");
}

TEST_F(LoadProcessTest, ADiskThatTakesNoHistoryIsAnErrorOfTheHarness) {
  auto config = exec_config();
  config.history = "/dev/full";
  begin(config);
  client->start(core::now());
  wait_until([&] { return !death.empty(); });
  EXPECT_EQ(death, "write history /dev/full: No space left on device");
}

TEST_F(LoadProcessTest, AConfigurationThatCannotBeIsToldInWords) {
  auto config = exec_config();
  config.workload = "registr";
  begin(config);
  wait_until([&] { return !death.empty(); });
  EXPECT_EQ(death, "there is no workload 'registr': did you mean 'register'?");
}

}  // namespace
}  // namespace withstand::load
