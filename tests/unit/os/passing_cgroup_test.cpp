#include "os/passing_cgroup.hpp"

#include <filesystem>
#include <signal.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "os/process.hpp"

namespace withstand::os {
namespace {

namespace fs = std::filesystem;

class PassingCgroupTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string why;
    const auto place = cgroup_place(&why);
    if (!place) GTEST_SKIP() << why;
    top_.emplace(*place + "/withstand-unit-passing-" + std::to_string(::getpid()));
  }
  /// A process that makes one and is killed with it in hand; the number of the process.
  [[nodiscard]] pid_t leave_one() const {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    const Child maker = clone_process("clone", {}, [&]() -> int {
      const Cgroup made = make_passing_cgroup(top_->path(), "trial-");
      if (::write(ready[1], "x", 1) < 0) return 1;
      for (;;) ::pause();
    });
    char word = 0;
    EXPECT_EQ(::read(ready[0], &word, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
    EXPECT_TRUE(fs::exists(path_of(maker.pid)));
    sweep_cgroups(top_->path(), "trial-");
    EXPECT_TRUE(fs::exists(path_of(maker.pid))) << "its maker lives";
    maker.pidfd.send(SIGKILL);
    maker.pidfd.reap();
    return maker.pid;
  }
  [[nodiscard]] std::string path_of(pid_t maker) const { return top_->path() + "/trial-" + std::to_string(maker); }

  std::optional<Cgroup> top_;
};

TEST_F(PassingCgroupTest, IsSweptOnceItsMakerWasKilled) {
  const pid_t maker = leave_one();
  EXPECT_TRUE(fs::exists(path_of(maker)));
  const Cgroup next = make_passing_cgroup(top_->path(), "trial-");
  EXPECT_FALSE(fs::exists(path_of(maker)));
  EXPECT_TRUE(fs::exists(next.path()));
}

TEST_F(PassingCgroupTest, LeavesWhatHasAnotherName) {
  const Cgroup other(top_->path() + "/somebody-elses");
  sweep_cgroups(top_->path(), "trial-");
  EXPECT_TRUE(fs::exists(other.path()));
}

TEST_F(PassingCgroupTest, GivesWayToOneOfTheSameNumber) {
  const Cgroup first = make_passing_cgroup(top_->path(), "trial-");
  const Cgroup second = make_passing_cgroup(top_->path(), "trial-");
  EXPECT_NE(first.path(), second.path());
  EXPECT_TRUE(fs::exists(first.path()));
}

}  // namespace
}  // namespace withstand::os
