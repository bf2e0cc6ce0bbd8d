// Disk servers and orchestrators that are killed: what was synced is there, and nothing of the mounts is left.
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "disk_fixture.hpp"
#include "os/files.hpp"
#include "os/process.hpp"

namespace withstand::faults::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Processes that have this folder mounted or something in it open.
std::vector<std::string> holders_of(const std::string& folder) {
  std::vector<std::string> found;
  std::error_code ignored;  // of what ends while it is looked at
  for (const auto& process : fs::directory_iterator("/proc")) {
    const std::string pid = process.path().filename();
    if (pid.find_first_not_of("0123456789") != std::string::npos || pid == std::to_string(::getpid())) continue;
    bool holds = os::read_file(process.path() / "mountinfo").value_or("").find(folder.substr(4)) != std::string::npos;
    for (const auto& open : fs::directory_iterator(process.path() / "fd", ignored))
      holds = holds || fs::read_symlink(open.path(), ignored).string().starts_with(folder);
    if (holds) found.push_back(pid + " " + os::read_file(process.path() / "comm").value_or(""));
  }
  return found;
}

/// The disk server that this process started.
pid_t server_of(pid_t parent) {
  for (const auto& process : fs::directory_iterator("/proc")) {
    const auto status = os::read_file(process.path() / "status").value_or("");
    if (status.starts_with("Name:\tws-disk\n") &&
        status.find(fmt::format("\nPPid:\t{}\n", parent)) != std::string::npos)
      return std::stoi(process.path().filename());
  }
  return 0;
}

/// Of the last line that is whole; log files have a time in front.
std::int64_t last_number(const std::string& text) {
  const auto end = text.rfind('\n');
  if (end == std::string::npos) return 0;
  const auto begin = end == 0 ? std::string::npos : text.find_last_of(" \n", end - 1);
  std::int64_t number = 0;
  std::from_chars(text.data() + (begin + 1), text.data() + end, number);  // npos + 1 is 0
  return number;
}

using DiskDeathTest = DiskFaultTest;

TEST_F(DiskDeathTest, AServerThatIsKilledLeavesWhatWasSynced) {
  stand(1);
  std::vector<std::string> deaths;
  const auto subscription = lab_->on_medium_death([&](const std::string& what) { deaths.push_back(what); });
  EXPECT_EQ(run(0, "echo text > f && sync f && sync .").error, "");
  const pid_t server = server_of(::getpid());
  ASSERT_NE(server, 0);
  ASSERT_EQ(::kill(server, SIGKILL), 0);
  EXPECT_TRUE(wait([&] { return !deaths.empty(); }));
  EXPECT_THAT(deaths, ::testing::Contains(HasSubstr("the disk server of ")));
  EXPECT_THAT(run(0, "cat /run/withstand/data/f").error, HasSubstr("Transport endpoint is not connected"));
  EXPECT_EQ(os::read_file(data(0, "f")), "text\n");
  EXPECT_THAT(lab_->tear_down([] { return true; }), IsEmpty());
  EXPECT_TRUE(wait([&] { return holders_of(folder_.path()).empty(); }));
  EXPECT_THAT(holders_of(folder_.path()), IsEmpty());
}

/// Counts as fast as it can make each number durable, and says each when it is.
constexpr const char* counter =
    "i=0; while :; do i=$((i+1)); echo $i > new; sync new; mv new number; sync .; echo $i; done";

int orchestrate(const std::string& folder, const std::string& run) {
  core::EventLoop loop;
  const auto experiment = lab::testing::experiment_of(counter, 1);
  core::Claim claim;
  claim.medium = core::Claim::Medium::disk;
  claim.nodes = {0};
  claim.files = {{core::DiskOperations::all(), ""}};
  lab::LabOptions options;
  options.run_directory = folder;
  options.run_name = run;
  options.epoch = core::now();
  options.keep = true;
  options.claims = {claim};
  lab::LocalLab lab(loop, experiment, core::Topology(experiment), options);
  if (lab.launch()) return 1;
  for (;;) loop.run_for(std::chrono::hours(1));
}

TEST_F(DiskDeathTest, AKilledOrchestratorLeavesWhatWasSyncedAndNoMount) {
  const auto experiment = lab::testing::experiment_of(counter, 1);
  const std::string node = core::Topology(experiment).at(0).name;
  for (int round = 0; round < 5; ++round) {
    const lab::testing::ScratchFolder folder;
    const auto said = [&] {
      return last_number(os::read_file(folder.path() + "/nodes/" + node + "/stdout.log").value_or(""));
    };
    const auto name = fmt::format("disk-death-{}-{}", ::getpid(), round);
    const os::Child child =
        os::clone_process("start an orchestrator", {}, [&] { return orchestrate(folder.path(), name); });
    EXPECT_TRUE(wait([&] { return said() > 3 + 7 * round; }, std::chrono::seconds(60))) << said();
    EXPECT_FALSE(holders_of(folder.path()).empty()) << "what is looked for must be seen while it lives";
    child.pidfd.send(SIGKILL);
    child.pidfd.reap();
    EXPECT_TRUE(wait([&] { return holders_of(folder.path()).empty(); }));
    EXPECT_THAT(holders_of(folder.path()), IsEmpty()) << "round " << round;
    const auto kept = last_number(os::read_file(folder.path() + "/lab/" + node + "/data/number").value_or(""));
    EXPECT_GE(kept, said());
  }
}

}  // namespace
}  // namespace withstand::faults::testing
