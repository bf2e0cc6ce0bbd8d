#include "lab/guardian.hpp"

#include <algorithm>
#include <filesystem>
#include <signal.h>
#include <unistd.h>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "lab/abandoned.hpp"
#include "os/cgroup.hpp"
#include "support/lab_fixture.hpp"

namespace withstand::lab::testing {
namespace {

namespace fs = std::filesystem;

using ::testing::Contains;
using ::testing::Not;

std::vector<std::string> paths_of(const std::vector<AbandonedCgroup>& cgroups) {
  std::vector<std::string> paths;
  for (const auto& cgroup : cgroups) paths.push_back(cgroup.path);
  return paths;
}

TEST(GuardianTest, ItsCgroupIsLeftOverOnceItWasKilledAndNotBefore) {
  const auto top = os::cgroup_mount();
  if (::geteuid() != 0 || !top)
    GTEST_SKIP() << "only root's guardians have a cgroup, and only where there is cgroup v2";
  const ScratchFolder folder;
  Guardian guardian(folder.path() + "/run.undo");
  const auto cgroup = fmt::format("{}/withstand-guardian-{}", *top, guardian.pidfd().pid());
  for (int i = 0; i < 2'000 && !fs::exists(cgroup); ++i) ::usleep(1'000);
  if (!fs::exists(cgroup)) GTEST_SKIP() << "guardians get no cgroup of their own here";
  EXPECT_THAT(paths_of(abandoned_cgroups()), Not(Contains(cgroup)));
  ASSERT_TRUE(guardian.pidfd().send(SIGKILL));
  ASSERT_TRUE(guardian.pidfd().wait_end(5'000));
  for (int i = 0; i < 2'000 && fs::exists(cgroup) && !os::cgroup_is_empty(cgroup); ++i) ::usleep(1'000);
  // Another guardian that starts just now sweeps it away.
  const auto left = paths_of(abandoned_cgroups());
  EXPECT_TRUE(!fs::exists(cgroup) || std::find(left.begin(), left.end(), cgroup) != left.end());
  EXPECT_THAT(paths_of(remove_abandoned_cgroups()), Not(Contains(cgroup)));
  EXPECT_FALSE(fs::exists(cgroup));
}

}  // namespace
}  // namespace withstand::lab::testing
