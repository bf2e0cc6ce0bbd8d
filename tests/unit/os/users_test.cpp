#include "os/users.hpp"

#include <filesystem>
#include <pwd.h>
#include <set>
#include <stdlib.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sys/stat.h>

#include "os/capabilities.hpp"
#include "os/check.hpp"
#include "os/process.hpp"

namespace withstand::os {
namespace {

TEST(Users, AreFoundByName) {
  EXPECT_EQ(user_by_name("root").uid, 0U);
  EXPECT_THROW(user_by_name("no-such-user"), SystemError);
}

TEST(Users, FreeOnesAreDistinctAndNobodys) {
  const auto uids = free_uids(10);
  if (uids.empty()) GTEST_SKIP() << "this user namespace maps too few users";
  EXPECT_EQ(std::set<uid_t>(uids.begin(), uids.end()).size(), 10U);
  for (const uid_t uid : uids) EXPECT_EQ(::getpwuid(uid), nullptr);
}

TEST(Users, ReachWhatEveryFolderAboveLetsThemReach) {
  char name[] = "/tmp/withstand-users-XXXXXX";
  const std::string folder = ::mkdtemp(name);  // 0700
  const std::string file = folder + "/program";
  std::filesystem::copy("/bin/true", file);
  const Credentials stranger{1900000000, 1900000000, {}};
  EXPECT_FALSE(may_reach(file, stranger));
  ::chmod(folder.c_str(), 0711);
  ::chmod(file.c_str(), 0755);
  EXPECT_TRUE(may_reach(file, stranger));
  ::chmod(file.c_str(), 0750);
  EXPECT_FALSE(may_reach(file, stranger));
  EXPECT_TRUE(may_reach(file, own_credentials()));
  EXPECT_FALSE(may_reach(folder + "/none", stranger));
  std::filesystem::remove_all(folder);
}

TEST(Users, BecomingOneIsForGoodAndLeavesNoCapability) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const Child child = clone_process("clone", {}, [] {
    forbid_new_privileges();
    become({1900000000, 1900000000, {}});
    drop_capabilities();
    if (::geteuid() != 1900000000 || has_capability(CAP_SYS_ADMIN) || has_capability(CAP_CHOWN)) return 1;
    return ::setuid(0) < 0 ? 0 : 2;
  });
  EXPECT_EQ(child.pidfd.reap().value, 0);
}

}  // namespace
}  // namespace withstand::os
