// What killed harnesses left is shown first, and undone only when somebody asks for it.

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sched.h>
#include <sstream>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mount.h>

#include "cli/command.hpp"

namespace withstand::cli_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

constexpr const char* root_state = "/run/withstand";

/// Two dead runs whose state is in a folder of the test's own: this machine's real ones are neither seen nor touched.
class Recover : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(state());
    fs::create_directories(folder_.path("cgroups"));
    if (::geteuid() == 0) fs::create_directories(root_state);
    for (const std::string run : {"one", "two"}) {
      fs::create_directories(left_by(run));
      folder_.write("left-by-" + run + "/.withstand-lab", run);
      folder_.write("runtime/withstand/" + run + ".undo",
                    fmt::format(R"({{"kind":"directory","path":"{}","boot_id":"another"}})", left_by(run)) + "\n");
    }
  }
  [[nodiscard]] std::string state() const { return folder_.path("runtime/withstand"); }
  [[nodiscard]] std::string left_by(const std::string& run) const { return folder_.path("left-by-" + run); }
  [[nodiscard]] bool there(const std::string& run) const { return fs::exists(left_by(run)); }

  void enter() const {
    ::setenv("XDG_RUNTIME_DIR", folder_.path("runtime").c_str(), 1);
    if (::geteuid() != 0) return;
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount(state().c_str(), root_state, nullptr, MS_BIND, nullptr) != 0)
      ::_exit(125);
    for (const auto& mount : cgroup_mounts_)
      if (::mount(folder_.path("cgroups").c_str(), mount.c_str(), nullptr, MS_BIND, nullptr) != 0) ::_exit(125);
  }
  /// A folder as such a cgroup is named, maybe below others.
  [[nodiscard]] std::string trial(const std::string& name) const {
    const std::string path = folder_.path("cgroups/" + name);
    fs::create_directories(path);
    return path;
  }
  /// A folder as a guardian's cgroup is named.
  [[nodiscard]] std::string cgroup_of(const std::string& guardian) const {
    const std::string path = folder_.path("cgroups/withstand-guardian-" + guardian);
    fs::create_directories(path);
    return path;
  }
  [[nodiscard]] Outcome recover(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "recover");
    return withstand(arguments, [this] { enter(); });
  }
  static std::vector<std::string> cgroup_mounts() {
    std::vector<std::string> found;
    std::ifstream mounts("/proc/self/mountinfo");
    for (std::string line; std::getline(mounts, line);) {
      std::istringstream words(line);
      std::vector<std::string> fields{std::istream_iterator<std::string>(words), {}};
      if (line.find(" - cgroup2 ") != std::string::npos) found.push_back(fields.at(4));
    }
    return found;
  }
  Folder folder_;
  const std::vector<std::string> cgroup_mounts_ = cgroup_mounts();
};

TEST_F(Recover, BareItOnlyListsAndSaysThatWorkIsLeft) {
  const auto outcome = recover({});
  EXPECT_EQ(outcome.status, 6) << outcome.err;
  for (const std::string run : {"one", "two"}) {
    EXPECT_THAT(outcome.out, HasSubstr(run + "  (last changed something here "));
    EXPECT_THAT(outcome.out, HasSubstr("  would remove the folder " + left_by(run) + "\n"));
    EXPECT_TRUE(there(run));
  }
  EXPECT_THAT(outcome.err, HasSubstr("--all"));
}

TEST_F(Recover, ANamedRunIsUndoneAndNoOther) {
  const auto outcome = recover({"two"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "two: undone\n");
  EXPECT_FALSE(there("two"));
  EXPECT_TRUE(there("one"));
  EXPECT_FALSE(fs::exists(state() + "/two.undo"));
  EXPECT_THAT(recover({}).out, Not(HasSubstr("two")));
}

TEST_F(Recover, AWrongNameUndoesNothing) {
  const auto outcome = recover({"one", "three"});
  EXPECT_EQ(outcome.status, 2);
  EXPECT_THAT(outcome.err, HasSubstr("'three'"));
  EXPECT_TRUE(there("one"));
}

TEST_F(Recover, AllIsUndoneWhenAskedFor) {
  EXPECT_EQ(recover({"--all"}).status, 0);
  EXPECT_FALSE(there("one"));
  EXPECT_FALSE(there("two"));
  const auto again = recover({});
  EXPECT_EQ(again.status, 0);
  EXPECT_EQ(again.out, "nothing to recover\n");
}

TEST_F(Recover, EmptyCgroupsOfKilledGuardiansAreListedAndRemoved) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root's guardians have a cgroup";
  if (cgroup_mounts_.empty()) GTEST_SKIP() << "cgroup v2 is not mounted";
  ASSERT_EQ(recover({"--all"}).status, 0);
  const auto one = cgroup_of("1001"), two = cgroup_of("1002.2"), held = cgroup_of("1003"), busy = cgroup_of("1004");
  folder_.write("cgroups/withstand-guardian-1004/cgroup.events", "populated 1\n");
  const int guardian = ::open(held.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_EQ(::flock(guardian, LOCK_EX | LOCK_NB), 0);
  const auto listed = recover({});
  EXPECT_EQ(listed.status, 6) << listed.err;
  for (const auto& path : {one, two})
    EXPECT_THAT(listed.out, HasSubstr(fmt::format("  would remove the empty cgroup {}/{}\n", cgroup_mounts_.front(),
                                                  fs::path(path).filename().string())));
  EXPECT_THAT(listed.out, ::testing::AllOf(Not(HasSubstr("-1003")), Not(HasSubstr("-1004"))));
  EXPECT_TRUE(fs::exists(one));
  const auto undone = recover({"--all"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(undone.out, "cgroups of killed harnesses: removed\n");
  EXPECT_FALSE(fs::exists(one));
  EXPECT_FALSE(fs::exists(two));
  EXPECT_TRUE(fs::exists(held)) << "its guardian lives";
  EXPECT_TRUE(fs::exists(busy)) << "somebody is in it";
  ::close(guardian);
  fs::remove_all(held);
  EXPECT_EQ(recover({}).out, "nothing to recover\n");
}

TEST_F(Recover, CgroupsOfTrialsThatWereKilledAreListedWhereverTheyAreAndRemoved) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to put folders in place of cgroups";
  if (cgroup_mounts_.empty()) GTEST_SKIP() << "cgroup v2 is not mounted";
  ASSERT_EQ(recover({"--all"}).status, 0);
  const auto top = trial("withstand-trial-1001"), deep = trial("user.slice/a.scope/withstand-trial-1002");
  const auto busy = trial("user.slice/withstand-trial-1003");
  folder_.write("cgroups/user.slice/withstand-trial-1003/cgroup.events", "populated 1\n");
  const auto listed = recover({});
  EXPECT_EQ(listed.status, 6) << listed.err;
  const auto& at = cgroup_mounts_.front();
  for (const std::string& what :
       {"remove the empty cgroup " + at + "/withstand-trial-1001\n",
        "remove the empty cgroup " + at + "/user.slice/a.scope/withstand-trial-1002\n",
        "end what runs in the cgroup " + at + "/user.slice/withstand-trial-1003 and remove it\n"})
    EXPECT_THAT(listed.out, HasSubstr("  would " + what));
  fs::remove(busy + "/cgroup.events");  // else it is a folder with a file in it, which no cgroup is
  const auto undone = recover({"--all"});
  EXPECT_EQ(undone.status, 0) << undone.err;
  EXPECT_EQ(undone.out, "cgroups of killed harnesses: removed\n");
  for (const auto& path : {top, deep, busy}) EXPECT_FALSE(fs::exists(path)) << path;
  EXPECT_TRUE(fs::exists(folder_.path("cgroups/user.slice/a.scope")));
}

TEST_F(Recover, WhatCannotBeUndoneIs6) {
  fs::remove(left_by("one") + "/.withstand-lab");
  folder_.write("left-by-one/somebody's", "");
  const auto outcome = recover({"--yes"});
  EXPECT_EQ(outcome.status, 6);
  EXPECT_THAT(outcome.out, HasSubstr("left: " + left_by("one")));
  EXPECT_TRUE(there("one"));
  EXPECT_FALSE(there("two"));
}

TEST_F(Recover, AnotherVersionsJournalIsNotTouched) {
  folder_.write("runtime/withstand/one.undo", fmt::format(R"({{"kind":1,"path":"{}"}})", left_by("one")) + "\n");
  const auto listed = recover({});
  EXPECT_EQ(listed.status, 6);
  EXPECT_THAT(listed.out, HasSubstr("  would do nothing: "));
  EXPECT_THAT(listed.out, HasSubstr("/one.undo, line 1: the kind of entry 1 is not known; another version"));
  const auto outcome = recover({"--all"});
  EXPECT_EQ(outcome.status, 6);
  EXPECT_THAT(outcome.out, HasSubstr("one: not everything was undone\n  left: "));
  EXPECT_TRUE(there("one"));
  EXPECT_FALSE(there("two"));
}

TEST_F(Recover, OnATerminalItAsks) {
  for (const std::string answer : {"n", "y"}) {
    const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(terminal, 0);
    ASSERT_EQ(::grantpt(terminal) | ::unlockpt(terminal), 0);
    ASSERT_EQ(::write(terminal, (answer + "\n").c_str(), 2), 2);
    const auto outcome = withstand({"recover"}, [&] {
      enter();
      const int side = ::open(::ptsname(terminal), O_RDWR | O_NOCTTY);
      ::dup2(side, STDIN_FILENO);
      ::dup2(side, STDERR_FILENO);
    });
    ::close(terminal);
    EXPECT_EQ(outcome.status, answer == "y" ? 0 : 6);
    EXPECT_THAT(outcome.out, HasSubstr("would remove the folder " + left_by("one")));
    EXPECT_EQ(there("one"), answer == "n");
  }
}

}  // namespace
}  // namespace withstand::cli_test
