#include <algorithm>
#include <array>
#include <grp.h>

#include <sys/statvfs.h>
#include <sys/xattr.h>

#include "posix_fixture.hpp"

namespace withstand::lab::disk::testing {
namespace {

class PosixAttributes : public Posix {};
EACH_WAY(PosixAttributes);

constexpr uid_t somebody = 12345, somebody_else = 12346;

bool earlier(const timespec& a, const timespec& b) {
  return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec : a.tv_nsec < b.tv_nsec;
}

TEST_P(PosixAttributes, ModesAreWhatWasAskedLessTheMask) {
  const mode_t before = ::umask(027);
  EXPECT_TRUE(open("f", O_CREAT | O_WRONLY, 0666).valid());
  ASSERT_EQ(::mkdir(at("d").c_str(), 0777), 0);
  ::umask(before);
  EXPECT_EQ(status("f").st_mode, S_IFREG | 0640U);
  EXPECT_EQ(status("d").st_mode, S_IFDIR | 0750U);
  ASSERT_EQ(::chmod(at("f").c_str(), 04751), 0);
  EXPECT_EQ(status("f").st_mode, S_IFREG | 04751U);
  EXPECT_TRUE(open("read-only", O_CREAT | O_WRONLY, 0400).valid());
  EXPECT_EQ(status("read-only").st_mode, S_IFREG | 0400U);
}

TEST_P(PosixAttributes, TimesAreSetToTheNanosecond) {
  write("f", "x");
  const timespec times[] = {{1000000000, 123456789}, {1100000000, 987654321}};
  ASSERT_EQ(::utimensat(AT_FDCWD, at("f").c_str(), times, 0), 0);
  EXPECT_EQ(status("f").st_atim.tv_nsec, 123456789);
  EXPECT_EQ(status("f").st_mtim.tv_sec, 1100000000);
  EXPECT_EQ(status("f").st_mtim.tv_nsec, 987654321);
  const timespec one[] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  ASSERT_EQ(::utimensat(AT_FDCWD, at("f").c_str(), one, 0), 0);
  EXPECT_EQ(status("f").st_atim.tv_sec, 1000000000);
  EXPECT_GT(status("f").st_mtim.tv_sec, 1100000000);
  ASSERT_EQ(::symlink("f", at("l").c_str()), 0);
  ASSERT_EQ(::utimensat(AT_FDCWD, at("l").c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  EXPECT_EQ(status("l").st_mtim.tv_sec, 1100000000);
}

TEST_P(PosixAttributes, ChangesAreStamped) {
  write("f", "x");
  const timespec old[] = {{1000000000, 0}, {1000000000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, at("f").c_str(), old, 0), 0);
  const auto before = status("f");
  const os::Fd file = open("f", O_WRONLY);
  ASSERT_EQ(::write(file.get(), "y", 1), 1);
  EXPECT_TRUE(earlier(before.st_mtim, status("f").st_mtim));
  const auto folder = status(".");
  ::usleep(20000);  // further than a tick of the kernel's coarse clock
  ASSERT_EQ(::chmod(at("f").c_str(), 0600), 0);
  EXPECT_TRUE(earlier(before.st_ctim, status("f").st_ctim));
  write("g", "");
  EXPECT_TRUE(earlier(folder.st_mtim, status(".").st_mtim));
  const auto linked = status("g");
  ::usleep(20000);
  ASSERT_EQ(::link(at("g").c_str(), at("h").c_str()), 0);
  EXPECT_TRUE(earlier(linked.st_ctim, status("g").st_ctim));
}

TEST_P(PosixAttributes, TheSpaceIsThatOfTheDiskBelow) {
  struct statvfs here {
  }, below{};
  ASSERT_EQ(::statvfs(root_.c_str(), &here), 0);
  ASSERT_EQ(::statvfs(rig_->backing().c_str(), &below), 0);
  EXPECT_EQ(here.f_blocks, below.f_blocks);
  EXPECT_EQ(here.f_frsize, below.f_frsize);
  EXPECT_EQ(here.f_files, below.f_files);
  EXPECT_EQ(here.f_namemax, below.f_namemax);
  EXPECT_NEAR(static_cast<double>(here.f_bfree), static_cast<double>(below.f_bfree), 1e5);
}

TEST_P(PosixAttributes, ExtendedAttributesComeAndGo) {
  write("f", "x");
  const std::string path = at("f");
  std::array<char, 256> room{};
  EXPECT_FAILS(static_cast<int>(::getxattr(path.c_str(), "user.a", room.data(), room.size())), ENODATA);
  ASSERT_EQ(::setxattr(path.c_str(), "user.a", "value", 5, 0), 0) << std::strerror(errno);
  EXPECT_FAILS(::setxattr(path.c_str(), "user.a", "v", 1, XATTR_CREATE), EEXIST);
  EXPECT_FAILS(::setxattr(path.c_str(), "user.b", "v", 1, XATTR_REPLACE), ENODATA);
  EXPECT_EQ(::getxattr(path.c_str(), "user.a", nullptr, 0), 5);
  ASSERT_EQ(::getxattr(path.c_str(), "user.a", room.data(), room.size()), 5);
  EXPECT_EQ(std::string(room.data(), 5), "value");
  EXPECT_FAILS(static_cast<int>(::getxattr(path.c_str(), "user.a", room.data(), 2)), ERANGE);
  ASSERT_EQ(::listxattr(path.c_str(), room.data(), room.size()), 7);
  EXPECT_STREQ(room.data(), "user.a");
  ASSERT_EQ(::removexattr(path.c_str(), "user.a"), 0);
  EXPECT_FAILS(::removexattr(path.c_str(), "user.a"), ENODATA);
  EXPECT_EQ(::listxattr(path.c_str(), room.data(), room.size()), 0);
}

TEST_P(PosixAttributes, FilesBelongToWhoMakesThem) {
  if (!others_exist()) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::chmod(root_.c_str(), 0777), 0);
  EXPECT_EQ(in_child(somebody,
                     [&] {
                       return open("f").valid() && ::mkdir(at("d").c_str(), 0755) == 0 &&
                                      ::symlink("f", at("l").c_str()) == 0 && ::mkfifo(at("p").c_str(), 0644) == 0
                                  ? 0
                                  : 1;
                     }),
            0);
  for (const char* name : {"f", "d", "l", "p"}) {
    EXPECT_EQ(status(name).st_uid, somebody) << name;
    EXPECT_EQ(status(name).st_gid, somebody) << name;
  }
  ASSERT_EQ(::chown(at("f").c_str(), somebody_else, 7), 0);
  EXPECT_EQ(status("f").st_uid, somebody_else);
  EXPECT_EQ(status("f").st_gid, 7U);
}

TEST_P(PosixAttributes, PermissionsHold) {
  if (!others_exist()) GTEST_SKIP() << "needs root";
  write("secret", "x");
  ASSERT_EQ(::chmod(at("secret").c_str(), 0600), 0);
  ASSERT_EQ(::mkdir(at("closed").c_str(), 0700), 0);
  write("closed/f", "x");
  EXPECT_EQ(in_child(somebody,
                     [&] {
                       if (::open(at("secret").c_str(), O_RDONLY) >= 0 || errno != EACCES) return 1;
                       if (::open(at("closed/f").c_str(), O_RDONLY) >= 0 || errno != EACCES) return 2;
                       if (::chmod(at("secret").c_str(), 0777) == 0 || errno != EPERM) return 3;
                       if (::unlink(at("secret").c_str()) == 0 || errno != EACCES) return 4;
                       if (::chown(at("secret").c_str(), somebody, somebody) == 0 || errno != EPERM) return 5;
                       return ::access(at("secret").c_str(), R_OK) == 0 ? 6 : 0;
                     }),
            0);
}

TEST_P(PosixAttributes, StickyFoldersProtectWhatIsOthers) {
  if (!others_exist()) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mkdir(at("tmp").c_str(), 0777), 0);
  ASSERT_EQ(::chmod(at("tmp").c_str(), 01777), 0);
  EXPECT_EQ(in_child(somebody, [&] { return open("tmp/mine").valid() ? 0 : 1; }), 0);
  EXPECT_EQ(in_child(somebody_else, [&] { return ::unlink(at("tmp/mine").c_str()) == -1 && errno == EPERM ? 0 : 1; }),
            0);
  EXPECT_EQ(in_child(somebody, [&] { return ::unlink(at("tmp/mine").c_str()); }), 0);
}

TEST_P(PosixAttributes, GroupsOfFoldersAreInherited) {
  if (!others_exist()) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mkdir(at("d").c_str(), 0777), 0);
  ASSERT_EQ(::chown(at("d").c_str(), 0, 77), 0);
  ASSERT_EQ(::chmod(at("d").c_str(), 02777), 0);
  EXPECT_EQ(in_child(somebody, [&] { return open("d/f").valid() && ::mkdir(at("d/e").c_str(), 0755) == 0 ? 0 : 1; }),
            0);
  EXPECT_EQ(status("d/f").st_gid, 77U);
  EXPECT_EQ(status("d/e").st_gid, 77U);
  EXPECT_NE(status("d/e").st_mode & S_ISGID, 0U);
}

TEST_P(PosixAttributes, WritingTakesPrivilegeBitsAway) {
  if (!others_exist()) GTEST_SKIP() << "needs root";
  for (const char* name : {"written", "cut", "owned"}) {
    write(name, "text");
    ASSERT_EQ(::chown(at(name).c_str(), somebody, somebody), 0);
    ASSERT_EQ(::chmod(at(name).c_str(), 06777), 0);
  }
  EXPECT_EQ(in_child(somebody,
                     [&] {
                       const os::Fd file = open("written", O_WRONLY);
                       return ::write(file.get(), "x", 1) == 1 && ::truncate(at("cut").c_str(), 1) == 0 ? 0 : 1;
                     }),
            0);
  EXPECT_EQ(::chown(at("owned").c_str(), somebody_else, somebody), 0);
  for (const char* name : {"written", "cut", "owned"}) EXPECT_EQ(status(name).st_mode & 07777U, 0777U) << name;
}

TEST_P(PosixAttributes, SupplementaryGroupsCount) {
  if (!others_exist()) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mkdir(at("team").c_str(), 0770), 0);
  ASSERT_EQ(::chmod(at("team").c_str(), 0770), 0);
  ASSERT_EQ(::chown(at("team").c_str(), 0, 88), 0);
  EXPECT_EQ(in_child(0,
                     [&] {
                       const gid_t team = 88;
                       if (::setgroups(1, &team) != 0 || ::setgid(somebody) != 0 || ::setuid(somebody) != 0) return 99;
                       return open("team/f").valid() && ::mkdir(at("team/d").c_str(), 0755) == 0 ? 0 : 1;
                     }),
            0);
  EXPECT_EQ(status("team/f").st_uid, somebody);
  EXPECT_EQ(status("team/d").st_uid, somebody);
}

/// user::rwx, user:12345:rwx, group::rx, mask::rwx, other::- as the kernel stores it (posix_acl_xattr.h).
constexpr std::array<unsigned char, 44> default_list{2, 0,  0,   0,   1,   0,   7,  0, 255, 255, 255, 255, 2,   0,  7,
                                                     0, 57, 48,  0,   0,   4,   0,  5, 0,   255, 255, 255, 255, 16, 0,
                                                     7, 0,  255, 255, 255, 255, 32, 0, 0,   0,   255, 255, 255, 255};

TEST_P(PosixAttributes, DefaultAccessListsReplaceTheMask) {
  if (!others_exist()) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::mkdir(at("d").c_str(), 0755), 0);
  if (::setxattr(at("d").c_str(), "system.posix_acl_default", default_list.data(), default_list.size(), 0) != 0)
    GTEST_SKIP() << "the file system has no access control lists";
  const mode_t before = ::umask(077);
  EXPECT_TRUE(open("d/f", O_CREAT | O_WRONLY, 0666).valid());
  ::umask(before);
  EXPECT_EQ(status("d/f").st_mode & 0777U, 0660U);
  EXPECT_EQ(in_child(somebody, [&] { return ::access(at("d/f").c_str(), W_OK); }), 0);
  EXPECT_NE(in_child(somebody_else, [&] { return ::access(at("d/f").c_str(), R_OK); }), 0);
}

}  // namespace
}  // namespace withstand::lab::disk::testing
