#include "os/processor_quota.hpp"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <gtest/gtest.h>

// Against folders that look like those of the kernel: the machine's own cgroups are not ours to bound.
namespace withstand::os {
namespace {

namespace fs = std::filesystem;

class ProcessorQuota : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("withstand-quota-" + std::to_string(::getpid()));
    fs::create_directories(folder_ / "proc");
  }
  void TearDown() override { fs::remove_all(folder_); }

  void write(const std::string& name, const std::string& text) {
    fs::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name) << text;
  }
  [[nodiscard]] std::string mount(const std::string& root, const std::string& end) const {
    return "36 25 0:31 " + root + " " + (folder_ / "cg").string() + " rw,nosuid shared:9 - " + end + "\n";
  }
  [[nodiscard]] bool bounded() const { return has_processor_quota((folder_ / "proc").string()); }

  fs::path folder_;
};

TEST_F(ProcessorQuota, OfAFolderAboveBoundsAllBelow) {
  write("proc/mountinfo", mount("/", "cgroup2 cgroup rw"));
  write("proc/cgroup", "0::/user/session/run\n");
  write("cg/user/cpu.max", "max 100000\n");
  EXPECT_FALSE(bounded());
  write("cg/user/cpu.max", "150000 100000\n");
  EXPECT_TRUE(bounded());
}

TEST_F(ProcessorQuota, OfAContainerIsAtTheTopThatItSees) {
  write("proc/mountinfo", mount("/", "cgroup2 cgroup rw"));
  write("proc/cgroup", "0::/\n");
  write("cg/cpu.max", "200000 100000\n");
  EXPECT_TRUE(bounded());
}

TEST_F(ProcessorQuota, OfVersionOneIsFoundThroughWhatTheMountShows) {
  write("proc/mountinfo", mount("/docker/abc", "cgroup cgroup rw,cpu,cpuacct"));
  write("proc/cgroup", "3:memory:/other\n2:cpu,cpuacct:/docker/abc/run\n");
  write("cg/cpu.cfs_quota_us", "-1\n");
  write("cg/run/cpu.cfs_quota_us", "-1\n");
  EXPECT_FALSE(bounded());
  write("cg/cpu.cfs_quota_us", "50000\n");
  EXPECT_TRUE(bounded());
}

TEST_F(ProcessorQuota, IsNotReadFromHierarchiesOfOtherThings) {
  write("proc/mountinfo", mount("/", "cgroup cgroup rw,cpuset"));
  write("proc/cgroup", "2:cpuset:/\n");
  write("cg/cpu.cfs_quota_us", "50000\n");
  EXPECT_FALSE(bounded());
}

TEST_F(ProcessorQuota, IsNoneWhereNothingIsKnown) { EXPECT_FALSE(bounded()); }

}  // namespace
}  // namespace withstand::os
