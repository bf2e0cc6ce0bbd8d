// The demo by somebody who is not root, on a machine whose device files are as udev makes them.

#include <filesystem>
#include <grp.h>
#include <sched.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "cli/command.hpp"

namespace withstand::cli_test {
namespace {

using ::testing::HasSubstr;

constexpr uid_t somebody = 54321;
constexpr int inconclusive = 4;

void become_somebody() {
  const bool ready = ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
                     ::mount("tmpfs", "/dev/net", "tmpfs", 0, "mode=755") == 0 &&
                     ::mknod("/dev/net/tun", S_IFCHR | 0666, makedev(10, 200)) == 0 &&
                     ::chmod("/dev/net/tun", 0666) == 0;
  ::unsetenv("XDG_RUNTIME_DIR");
  if (!ready || ::setgroups(0, nullptr) != 0 || ::setresgid(somebody, somebody, somebody) != 0 ||
      ::setresuid(somebody, somebody, somebody) != 0)
    ::_exit(125);
}

bool everybody_may_read(const std::filesystem::path& path) {
  for (auto one = path; one.has_relative_path(); one = one.parent_path()) {
    struct stat facts {};
    if (::stat(one.c_str(), &facts) != 0 || (facts.st_mode & 0005) != 0005) return false;
  }
  return true;
}

TEST(OrdinaryUser, RunsTheDemo) {
  const bool root = ::geteuid() == 0;
  if (const auto why = why_no_run(); !why.empty()) GTEST_SKIP() << why;
  if (root && !(everybody_may_read(WITHSTAND_SOURCE_DIR) && everybody_may_read(WITHSTAND_BINARY_DIR)))
    GTEST_SKIP() << "the project's folder is closed to other users";
  const Folder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
  const auto doctor = withstand({"doctor"}, root ? Before(become_somebody) : Before());
  if (doctor.status == 77) GTEST_SKIP() << "an ordinary user cannot run experiments here:\n" << doctor.out;
  for (const char* file : {"quorum-kv-withstands", "quorum-kv-read-one-fails"}) {
    const auto once = [&] {
      return withstand({"run", fmt::format("experiments/quickstart/{}.toml", file), "--output", folder.path("runs")},
                       root ? Before(become_somebody) : Before());
    };
    auto outcome = once();
    // Without real-time priority the fabric is late when the machine is busy with other things, and says so.
    for (int more = 0; more < 2 && outcome.status == inconclusive; ++more) outcome = once();
    if (outcome.status == inconclusive) GTEST_SKIP() << "this machine is too busy:\n" << outcome.out;
    EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  }
}

}  // namespace
}  // namespace withstand::cli_test
