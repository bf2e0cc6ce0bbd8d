#include <filesystem>
#include <fstream>
#include <random>
#include <signal.h>
#include <sstream>
#include <stdio.h>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "ordinary_user.hpp"
#include "os/cgroup.hpp"
#include "os/files.hpp"
#include "os/handshake.hpp"
#include "os/process.hpp"
#include "os/users.hpp"
#include "support/lab_fixture.hpp"

namespace withstand::lab::testing {
namespace {

namespace fs = std::filesystem;

/// An orchestrator-like program: this one again.
class Orchestrator {
 public:
  Orchestrator(const std::string& folder, const std::string& run, bool as_root) {
    os::Pipe output = os::make_pipe();
    child_ = start_own_program({"orchestrator", "__orchestrator", folder, run}, as_root, output.write.get());
    output_ = std::move(output.read);
  }

  /// Its first line, however long that takes; empty when it ended without one.
  std::string first_line() {
    std::string line;
    for (char c = 0; ::read(output_.get(), &c, 1) == 1 && c != '\n';) line += c;
    return line;
  }
  void kill() {
    child_.pidfd.send(SIGKILL);
    child_.pidfd.reap();
  }

 private:
  os::Child child_;
  os::Fd output_;
};

/// Everything a lab of this run could leave on the host: processes that carry its name or see its folder (with them
/// their namespaces, and with those their interfaces and mounts), its cgroup, its files.
std::vector<std::string> leftovers(const std::string& folder, const std::string& run) {
  std::vector<std::string> found;
  std::error_code ignored;  // what ends while it is looked at
  for (const auto& entry : fs::directory_iterator("/proc")) {
    const std::string pid = entry.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto mounts = os::read_file(entry.path() / "mountinfo").value_or("");
    const auto command = os::read_file(entry.path() / "cmdline").value_or("");
    const auto environment = os::read_file(entry.path() / "environ").value_or("");
    const bool sees_it = mounts.find(folder.substr(4) + "/lab") != std::string::npos;  // below /tmp, maybe a mount
    const bool carries_it = (command + environment).find(run) != std::string::npos;
    if (sees_it || carries_it) found.push_back("process " + pid + " " + command);
  }
  const auto place = os::own_cgroup();
  for (const auto& entry : fs::directory_iterator(place.value_or("/var/empty"), ignored)) {
    // The run's own, or one named after a process that has ended: the guardian's, or one to try.
    const std::string name = entry.path().filename();
    const std::string pid = name.substr(name.rfind('-') + 1);
    const bool of_a_process = name.rfind("withstand-guardian-", 0) == 0 || name.rfind("withstand-trial-", 0) == 0;
    if (name == "withstand-" + run || (of_a_process && !fs::exists("/proc/" + pid))) found.push_back("cgroup " + name);
  }
  const std::string state = fmt::format("/tmp/withstand-{}", ordinary_uid);
  for (const std::string& path : {folder + "/lab", "/run/withstand/" + run + ".undo", "/run/withstand/" + run + ".json",
                                  state + "/" + run + ".undo", state + "/" + run + ".json"})
    if (fs::exists(path)) found.push_back(path);
  if (fs::exists(state) && fs::is_empty(state, ignored)) found.push_back(state);
  return found;
}

bool clean_within(std::chrono::milliseconds patience, const std::function<bool()>& clean) {
  const auto deadline = core::now() + patience;
  while (!clean()) {
    if (core::now() > deadline) return false;
    ::usleep(5000);
  }
  return true;
}

class OrchestratorDeathTest : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become root and an ordinary user in turn";
    if (const std::string reason = why_no_lab(); !reason.empty()) GTEST_SKIP() << reason;
    if (!GetParam()) os::check("give away", ::chown(folder_.path().c_str(), ordinary_uid, ordinary_uid));
    os::check("open up", ::chmod(folder_.path().c_str(), 0755));
  }
  ScratchFolder folder_;
};

TEST_P(OrchestratorDeathTest, LeavesNothingWheneverItComes) {
  std::mt19937 random(4711);  // the instants differ anyway: the scheduler's doing
  int reached_ready = 0;
  for (int round = 0; round < 20; ++round) {
    const std::string run = fmt::format("death-{}-{}", ::getpid(), round);
    const std::string folder = fmt::format("{}/{}", folder_.path(), round);
    fs::create_directory(folder);
    if (!GetParam()) os::check("give away", ::chown(folder.c_str(), ordinary_uid, ordinary_uid));
    Orchestrator orchestrator(folder, run, GetParam());
    const bool whole = round % 4 == 0;
    if (whole) {
      ASSERT_EQ(orchestrator.first_line(), "ready");
      ASSERT_GE(leftovers(folder, run).size(), 8U) << "what is looked for must be seen while it lives";
      ++reached_ready;
    }
    ::usleep(static_cast<useconds_t>(random() % 200'000));
    orchestrator.kill();
    EXPECT_TRUE(clean_within(std::chrono::seconds(1), [&] { return leftovers(folder, run).empty(); }))
        << "round " << round << ": " << ::testing::PrintToString(leftovers(folder, run));
  }
  EXPECT_EQ(reached_ready, 5);
}

INSTANTIATE_TEST_SUITE_P(As, OrchestratorDeathTest, ::testing::Bool(),
                         [](const auto& parameter) { return parameter.param ? "root" : "ordinary_user"; });

}  // namespace
}  // namespace withstand::lab::testing
