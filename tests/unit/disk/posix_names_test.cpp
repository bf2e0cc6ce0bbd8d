#include <algorithm>
#include <dirent.h>
#include <set>

#include <sys/socket.h>
#include <sys/un.h>

#include "posix_fixture.hpp"

namespace withstand::lab::disk::testing {
namespace {

class PosixNames : public Posix {};
EACH_WAY(PosixNames);

TEST_P(PosixNames, ExclusiveCreationFailsWhereSomethingIs) {
  EXPECT_TRUE(open("a", O_CREAT | O_EXCL | O_WRONLY).valid());
  EXPECT_FAILS(::open(at("a").c_str(), O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
  ASSERT_EQ(::symlink("nowhere", at("l").c_str()), 0);
  EXPECT_FAILS(::open(at("l").c_str(), O_CREAT | O_EXCL | O_WRONLY, 0644), EEXIST);
}

TEST_P(PosixNames, ErrorsOfPaths) {
  write("file", "x");
  EXPECT_FAILS(::open(at("none").c_str(), O_RDONLY), ENOENT);
  EXPECT_FAILS(::open(at("file/x").c_str(), O_RDONLY), ENOTDIR);
  EXPECT_FAILS(::mkdir(at(std::string(256, 'n')).c_str(), 0755), ENAMETOOLONG);
  EXPECT_EQ(::mkdir(at(std::string(255, 'n')).c_str(), 0755), 0);
  ASSERT_EQ(::symlink("file", at("l").c_str()), 0);
  EXPECT_FAILS(::open(at("l").c_str(), O_RDONLY | O_NOFOLLOW), ELOOP);
  ASSERT_EQ(::symlink("loop", at("loop").c_str()), 0);
  EXPECT_FAILS(::open(at("loop").c_str(), O_RDONLY), ELOOP);
  EXPECT_FAILS(::open(at("file").c_str(), O_RDONLY | O_DIRECTORY), ENOTDIR);
  EXPECT_FAILS(::open(root_.c_str(), O_WRONLY), EISDIR);
}

TEST_P(PosixNames, UnlinkAndRmdirKnowTheirKinds) {
  ASSERT_EQ(::mkdir(at("d").c_str(), 0755), 0);
  write("d/f", "x");
  EXPECT_FAILS(::unlink(at("d").c_str()), EISDIR);
  EXPECT_FAILS(::rmdir(at("d").c_str()), ENOTEMPTY);
  EXPECT_FAILS(::rmdir(at("d/f").c_str()), ENOTDIR);
  EXPECT_EQ(::unlink(at("d/f").c_str()), 0);
  EXPECT_EQ(::rmdir(at("d").c_str()), 0);
  EXPECT_FAILS(::unlink(at("d/f").c_str()), ENOENT);
  EXPECT_FALSE(exists("d"));
}

TEST_P(PosixNames, RenameReplacesAtomically) {
  write("old", "old text");
  write("new", "new text");
  const os::Fd replaced = open("new", O_RDONLY);
  ASSERT_EQ(::rename(at("old").c_str(), at("new").c_str()), 0);
  EXPECT_FALSE(exists("old"));
  EXPECT_EQ(read("new"), "old text");
  EXPECT_EQ(read(replaced), "new text");  // still there for who has it open
  struct stat gone {};
  ASSERT_EQ(::fstat(replaced.get(), &gone), 0);
  EXPECT_EQ(gone.st_nlink, 0U);
}

TEST_P(PosixNames, RenameRefusesWhatCannotBe) {
  ASSERT_EQ(::mkdir(at("d").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(at("d/e").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(at("empty").c_str(), 0755), 0);
  write("f", "x");
  EXPECT_FAILS(::rename(at("d").c_str(), at("d/e/x").c_str()), EINVAL);
  EXPECT_FAILS(::rename(at("f").c_str(), at("d").c_str()), EISDIR);
  EXPECT_FAILS(::rename(at("d").c_str(), at("f").c_str()), ENOTDIR);
  EXPECT_FAILS(::rename(at("empty").c_str(), at("d").c_str()), ENOTEMPTY);
  EXPECT_EQ(::rename(at("d/e").c_str(), at("empty").c_str()), 0);
  EXPECT_FAILS(::rename(at("none").c_str(), at("x").c_str()), ENOENT);
}

TEST_P(PosixNames, RenameFlags) {
  write("a", "a");
  write("b", "b");
  EXPECT_FAILS(::renameat2(AT_FDCWD, at("a").c_str(), AT_FDCWD, at("b").c_str(), RENAME_NOREPLACE), EEXIST);
  EXPECT_EQ(::renameat2(AT_FDCWD, at("a").c_str(), AT_FDCWD, at("c").c_str(), RENAME_NOREPLACE), 0);
  EXPECT_EQ(::renameat2(AT_FDCWD, at("c").c_str(), AT_FDCWD, at("b").c_str(), RENAME_EXCHANGE), 0);
  EXPECT_EQ(read("c"), "b");
  EXPECT_EQ(read("b"), "a");
}

TEST_P(PosixNames, RenameBetweenNamesOfOneFileDoesNothing) {
  write("a", "x");
  ASSERT_EQ(::link(at("a").c_str(), at("b").c_str()), 0);
  EXPECT_EQ(::rename(at("a").c_str(), at("b").c_str()), 0);
  EXPECT_TRUE(exists("a") && exists("b"));
  EXPECT_EQ(status("a").st_nlink, 2U);
}

TEST_P(PosixNames, HardLinksAreOneFile) {
  write("a", "one");
  ASSERT_EQ(::link(at("a").c_str(), at("b").c_str()), 0);
  EXPECT_EQ(status("a").st_ino, status("b").st_ino);
  EXPECT_EQ(status("b").st_nlink, 2U);
  const os::Fd file = open("a", O_WRONLY);
  ASSERT_EQ(::pwrite(file.get(), "two", 3, 0), 3);
  EXPECT_EQ(read("b"), "two");
  ASSERT_EQ(::unlink(at("a").c_str()), 0);
  EXPECT_EQ(status("b").st_nlink, 1U);
  EXPECT_EQ(read("b"), "two");
  EXPECT_FAILS(::link(at("b").c_str(), at("b").c_str()), EEXIST);
  ASSERT_EQ(::mkdir(at("d").c_str(), 0755), 0);
  EXPECT_FAILS(::link(at("d").c_str(), at("e").c_str()), EPERM);
}

TEST_P(PosixNames, SymbolicLinksAreKeptAsTheyAre) {
  const std::string target(1000, 't');
  ASSERT_EQ(::symlink(target.c_str(), at("l").c_str()), 0);
  std::string got(2000, '\0');
  const ssize_t length = ::readlink(at("l").c_str(), got.data(), got.size());
  EXPECT_EQ(got.substr(0, static_cast<std::size_t>(length)), target);
  EXPECT_EQ(status("l").st_size, 1000);
  EXPECT_TRUE(S_ISLNK(status("l").st_mode));
  ASSERT_EQ(::linkat(AT_FDCWD, at("l").c_str(), AT_FDCWD, at("m").c_str(), 0), 0);
  EXPECT_EQ(status("m").st_ino, status("l").st_ino);
  write("f", "text");
  ASSERT_EQ(::symlink("f", at("to-f").c_str()), 0);
  EXPECT_EQ(read("to-f"), "text");
}

TEST_P(PosixNames, FoldersCountTheirSubfolders) {
  ASSERT_EQ(::mkdir(at("d").c_str(), 0755), 0);
  const auto before = status("d").st_nlink;
  ASSERT_EQ(::mkdir(at("d/e").c_str(), 0755), 0);
  EXPECT_EQ(status("d").st_nlink, before + 1);
  ASSERT_EQ(::rmdir(at("d/e").c_str()), 0);
  EXPECT_EQ(status("d").st_nlink, before);
}

TEST_P(PosixNames, UnlinkedFilesLiveWhileTheyAreOpen) {
  os::Fd file = open("f");
  ASSERT_EQ(::pwrite(file.get(), "text", 4, 0), 4);
  ASSERT_EQ(::unlink(at("f").c_str()), 0);
  EXPECT_FALSE(exists("f"));
  struct stat gone {};
  ASSERT_EQ(::fstat(file.get(), &gone), 0);
  EXPECT_EQ(gone.st_nlink, 0U);
  EXPECT_EQ(read(file), "text");
  ASSERT_EQ(::pwrite(file.get(), "more", 4, 4), 4);
  ASSERT_EQ(::ftruncate(file.get(), 6), 0);
  EXPECT_EQ(read(file), "textmo");
  ASSERT_EQ(::fchmod(file.get(), 0600), 0);
  ASSERT_EQ(::fsync(file.get()), 0);
  const os::Fd again(::open(("/proc/self/fd/" + std::to_string(file.get())).c_str(), O_RDONLY));
  EXPECT_EQ(read(again), "textmo");
}

TEST_P(PosixNames, UnnamedFilesCanBeNamedLater) {
  const os::Fd file(::open(root_.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0640));
  ASSERT_TRUE(file.valid()) << std::strerror(errno);
  ASSERT_EQ(::write(file.get(), "text", 4), 4);
  struct stat before {};
  ASSERT_EQ(::fstat(file.get(), &before), 0);
  EXPECT_EQ(before.st_nlink, 0U);
  const std::string magic = "/proc/self/fd/" + std::to_string(file.get());
  ASSERT_EQ(::linkat(AT_FDCWD, magic.c_str(), AT_FDCWD, at("named").c_str(), AT_SYMLINK_FOLLOW), 0)
      << std::strerror(errno);
  EXPECT_EQ(read("named"), "text");
  EXPECT_EQ(status("named").st_mode & 0777U, 0640U);
  EXPECT_EQ(status("named").st_nlink, 1U);
}

std::multiset<std::string> names_in(DIR* list) {
  std::multiset<std::string> names;
  while (const dirent* entry = ::readdir(list)) names.insert(entry->d_name);
  return names;
}

TEST_P(PosixNames, ListingsAreComplete) {
  ASSERT_EQ(::mkdir(at("d").c_str(), 0755), 0);
  std::multiset<std::string> expected{".", ".."};
  for (int i = 0; i < 700; ++i) {
    const std::string name = "file-with-a-rather-long-name-" + std::to_string(i);
    ASSERT_EQ(::mknod(at("d/" + name).c_str(), S_IFREG | 0644, 0), 0);
    expected.insert(name);
  }
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(at("d").c_str()), &::closedir);
  EXPECT_EQ(names_in(list.get()), expected);
  write("d/new", "");
  expected.insert("new");
  ::rewinddir(list.get());
  EXPECT_EQ(names_in(list.get()), expected);
  EXPECT_EQ(status("d/file-with-a-rather-long-name-699").st_size, 0);
}

TEST_P(PosixNames, PlacesInListingsCanBeReturnedTo) {
  for (int i = 0; i < 50; ++i) write("f" + std::to_string(i), "");
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(root_.c_str()), &::closedir);
  for (int i = 0; i < 20; ++i) ASSERT_NE(::readdir(list.get()), nullptr);
  const long place = ::telldir(list.get());
  const auto rest = names_in(list.get());
  ::seekdir(list.get(), place);
  EXPECT_EQ(names_in(list.get()), rest);
  EXPECT_EQ(rest.size(), 32U);
}

TEST_P(PosixNames, SpecialFilesWork) {
  ASSERT_EQ(::mkfifo(at("fifo").c_str(), 0644), 0);
  const os::Fd both = open("fifo", O_RDWR);
  ASSERT_EQ(::write(both.get(), "x", 1), 1);
  char got = 0;
  EXPECT_EQ(::read(both.get(), &got, 1), 1);
  const os::Fd server(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)), client(::socket(AF_UNIX, SOCK_STREAM, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, at("s").c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(::bind(server.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(server.get(), 1), 0);
  EXPECT_EQ(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  EXPECT_TRUE(S_ISSOCK(status("s").st_mode));
}

TEST_P(PosixNames, ProgramsRun) {
  write("script", "#!/bin/sh\nexit 7\n");
  ASSERT_EQ(::chmod(at("script").c_str(), 0755), 0);
  EXPECT_EQ(in_child(0, [&] { return ::execl(at("script").c_str(), "script", nullptr); }), 7);
}

TEST_P(PosixNames, MovedFoldersTakeWhatIsInThemAlong) {
  ASSERT_EQ(::mkdir(at("d").c_str(), 0755), 0);
  ASSERT_EQ(::mkdir(at("d/e").c_str(), 0755), 0);
  write("d/e/f", "text");
  const os::Fd inside = open("d/e", O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(::rename(at("d").c_str(), at("moved").c_str()), 0);
  EXPECT_EQ(read("moved/e/f"), "text");
  EXPECT_FALSE(exists("d/e/f"));
  const os::Fd file(::openat(inside.get(), "f", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(read(file), "text");
}

}  // namespace
}  // namespace withstand::lab::disk::testing
