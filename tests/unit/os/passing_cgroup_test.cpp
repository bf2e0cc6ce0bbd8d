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
      const Cgroup made = make_passing_cgroup(top_->path(), "trial-", Members::spared);
      if (::write(ready[1], "x", 1) < 0) return 1;
      for (;;) ::pause();
    });
    char word = 0;
    EXPECT_EQ(::read(ready[0], &word, 1), 1);
    ::close(ready[0]);
    ::close(ready[1]);
    EXPECT_TRUE(fs::exists(path_of(maker.pid)));
    sweep_cgroups(top_->path(), "trial-", Members::spared);
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
  const Cgroup next = make_passing_cgroup(top_->path(), "trial-", Members::spared);
  EXPECT_FALSE(fs::exists(path_of(maker)));
  EXPECT_TRUE(fs::exists(next.path()));
}

/// As a maker leaves it that is killed right after it froze a child which had not yet said with whom it dies.
class AbandonedSleeper {
 public:
  explicit AbandonedSleeper(const std::string& path) : group_(path) {
    Pipe ready = make_pipe();
    child_ = clone_process("clone", {0, group_.get()}, [&]() -> int {
      close_other_descriptors({ready.write.get()});
      if (::write(ready.write.get(), "r", 1) != 1) return 1;
      for (;;) ::pause();
    });
    char word = 0;
    EXPECT_EQ(::read(ready.read.get(), &word, 1), 1);
    group_.freeze(true);
    for (int i = 0; i < 5000 && !group_.is_frozen(); ++i) ::usleep(1000);
    EXPECT_TRUE(group_.is_frozen());
  }
  [[nodiscard]] const Pidfd& process() const { return child_.pidfd; }

 private:
  Cgroup group_;
  Child child_;
};

TEST_F(PassingCgroupTest, AFrozenProcessIsEndedWithItsCgroupOrNeitherIsTouched) {
  const std::string path = path_of(1);
  const AbandonedSleeper sleeper(path);
  EXPECT_TRUE(abandoned_cgroups(top_->path(), "trial-", Members::spared).empty());
  EXPECT_EQ(abandoned_cgroups(top_->path(), "trial-", Members::killed), std::vector<std::string>{path});
  sweep_cgroups(top_->path(), "trial-", Members::spared);
  EXPECT_TRUE(fs::exists(path));
  EXPECT_FALSE(sleeper.process().wait_end(0));
  sweep_cgroups(top_->path(), "trial-", Members::killed);
  EXPECT_FALSE(fs::exists(path));
  EXPECT_EQ(sleeper.process().reap().value, SIGKILL);
}

TEST_F(PassingCgroupTest, WhatIsHeldIsSparedWithItsProcesses) {
  const Cgroup held = make_passing_cgroup(top_->path(), "trial-", Members::killed);
  const Child child = clone_process("clone", {0, held.get()}, []() -> int {
    for (;;) ::pause();
  });
  sweep_cgroups(top_->path(), "trial-", Members::killed);
  EXPECT_TRUE(fs::exists(held.path()));
  EXPECT_FALSE(child.pidfd.wait_end(0));
  child.pidfd.send(SIGKILL);
  child.pidfd.reap();
}

TEST_F(PassingCgroupTest, AllOfATreeAreFound) {
  const Cgroup one(top_->path() + "/one");
  const Cgroup below(one.path() + "/below");
  EXPECT_EQ(cgroups_from(top_->path()), (std::vector<std::string>{top_->path(), one.path(), below.path()}));
}

TEST_F(PassingCgroupTest, LeavesWhatHasAnotherName) {
  const Cgroup other(top_->path() + "/somebody-elses");
  sweep_cgroups(top_->path(), "trial-", Members::spared);
  EXPECT_TRUE(fs::exists(other.path()));
}

TEST_F(PassingCgroupTest, GivesWayToOneOfTheSameNumber) {
  const Cgroup first = make_passing_cgroup(top_->path(), "trial-", Members::spared);
  const Cgroup second = make_passing_cgroup(top_->path(), "trial-", Members::spared);
  EXPECT_NE(first.path(), second.path());
  EXPECT_TRUE(fs::exists(first.path()));
}

}  // namespace
}  // namespace withstand::os
