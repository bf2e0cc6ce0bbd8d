#include "os/cgroup.hpp"

#include <filesystem>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/process.hpp"

namespace withstand::os {
namespace {

class CgroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    const auto place = cgroup_place(&why);
    if (!place) GTEST_SKIP() << why;
    path_ = *place + "/withstand-unit-" + std::to_string(::getpid());
  }
  static int wait_for_ever() {
    for (;;) ::pause();
  }
  std::string path_;
};

TEST_F(CgroupTest, HoldsFreezesAndKillsWhatIsBornInIt) {
  const Cgroup cgroup(path_);
  const Cgroup below(path_ + "/below");
  const Child child = clone_process("clone", {0, below.get()}, &wait_for_ever);
  EXPECT_EQ(cgroup.processes(), std::vector<pid_t>{child.pid});
  EXPECT_TRUE(cgroup.is_populated());
  cgroup.freeze(true);
  for (int i = 0; i < 1000 && !cgroup.is_frozen(); ++i) ::usleep(1000);
  EXPECT_TRUE(cgroup.is_frozen());
  if (!cgroup.kill()) GTEST_SKIP() << "this kernel has no cgroup.kill";
  EXPECT_EQ(child.pidfd.reap().value, SIGKILL) << "what is frozen can be killed";
  for (int i = 0; i < 1000 && cgroup.is_populated(); ++i) ::usleep(1000);
  EXPECT_FALSE(cgroup.is_populated());
}

TEST_F(CgroupTest, IsGoneWithItsOwner) {
  Child child;
  {
    const Cgroup cgroup(path_);
    child = clone_process("clone", {0, cgroup.get()}, &wait_for_ever);
  }
  EXPECT_EQ(child.pidfd.reap().value, SIGKILL);
  EXPECT_FALSE(std::filesystem::exists(path_));
  EXPECT_TRUE(remove_cgroup(path_, 0)) << "what is not there is removed";
}

TEST_F(CgroupTest, IsNeverSharedWithWhatWasThere) {
  const Cgroup cgroup(path_);
  EXPECT_THROW(Cgroup(std::string(path_)), std::system_error);
}

}  // namespace
}  // namespace withstand::os
