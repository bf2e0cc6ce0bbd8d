#include <cstdlib>

#include <sys/file.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "posix_fixture.hpp"

namespace withstand::lab::disk::testing {
namespace {

class PosixData : public Posix {};
EACH_WAY(PosixData);

TEST_P(PosixData, HolesReadAsZeros) {
  const os::Fd file = open("f");
  ASSERT_EQ(::pwrite(file.get(), "end", 3, 10000), 3);
  EXPECT_EQ(read(file), std::string(10000, '\0') + "end");
  EXPECT_EQ(status("f").st_size, 10003);
  EXPECT_EQ(read(file, 20000), "");
}

TEST_P(PosixData, AppendsGoToTheEndWhoeverWrites) {
  const os::Fd first = open("f", O_WRONLY | O_CREAT | O_APPEND), second = open("f", O_WRONLY | O_APPEND);
  ASSERT_EQ(::write(first.get(), "one", 3), 3);
  ASSERT_EQ(::write(second.get(), "two", 3), 3);
  ASSERT_EQ(::write(first.get(), "three", 5), 5);
  EXPECT_EQ(read("f"), "onetwothree");
  // The kernel keeps the flags that a file was opened with for what passes through (Linux 6.18, fs/backing-file.c).
  if (std::string(GetParam()) == "passthrough") return;
  ASSERT_EQ(::fcntl(first.get(), F_SETFL, 0), 0);  // append can be turned off
  ASSERT_EQ(::pwrite(first.get(), "ONE", 3, 0), 3);
  EXPECT_EQ(read("f"), "ONEtwothree");
}

TEST_P(PosixData, TruncationCutsAndGrows) {
  write("f", "0123456789");
  const os::Fd file = open("f", O_RDWR);
  ASSERT_EQ(::ftruncate(file.get(), 4), 0);
  EXPECT_EQ(read(file), "0123");
  ASSERT_EQ(::ftruncate(file.get(), 6), 0);
  EXPECT_EQ(read(file), std::string("0123\0\0", 6));
  ASSERT_EQ(::truncate(at("f").c_str(), 2), 0);
  EXPECT_EQ(read(file), "01");
  EXPECT_EQ(open("f", O_RDWR | O_TRUNC).valid(), true);
  EXPECT_EQ(status("f").st_size, 0);
  const os::Fd reading = open("f", O_RDONLY);
  EXPECT_FAILS(::ftruncate(reading.get(), 0), EINVAL);
}

TEST_P(PosixData, DescriptorsOnlyDoWhatTheyWereOpenedFor) {
  write("f", "x");
  const os::Fd reading = open("f", O_RDONLY), writing = open("f", O_WRONLY);
  char byte = 'y';
  EXPECT_FAILS(::write(reading.get(), &byte, 1), EBADF);
  EXPECT_FAILS(::read(writing.get(), &byte, 1), EBADF);
  const os::Fd folder(::open(root_.c_str(), O_RDONLY | O_DIRECTORY));
  EXPECT_FAILS(::read(folder.get(), &byte, 1), EISDIR);
}

TEST_P(PosixData, LargeTransfersAreWhole) {
  std::string text(5U * 1024 * 1024 + 123, '\0');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 2654435761U >> 11U);
  const os::Fd file = open("f");
  ASSERT_EQ(::pwrite(file.get(), text.data(), text.size(), 1), static_cast<ssize_t>(text.size()));
  std::string got(text.size(), '\0');
  ASSERT_EQ(::pread(file.get(), got.data(), got.size(), 1), static_cast<ssize_t>(got.size()));
  EXPECT_TRUE(got == text);
  std::string first(100, 'a'), second(5000, 'b');
  const iovec parts[] = {{first.data(), first.size()}, {second.data(), second.size()}};
  ASSERT_EQ(::pwritev(file.get(), parts, 2, 0), 5100);
  EXPECT_EQ(read(file).substr(0, 5100), first + second);
}

TEST_P(PosixData, DirectTransfersSeeWhatOthersWrote) {
  write("f", std::string(8192, 'a'));
  const os::Fd file = open("f", O_RDWR | O_DIRECT);
  ASSERT_TRUE(file.valid()) << std::strerror(errno);
  const std::unique_ptr<void, void (*)(void*)> block(std::aligned_alloc(4096, 4096), &std::free);
  std::memset(block.get(), 'b', 4096);
  ASSERT_EQ(::pwrite(file.get(), block.get(), 4096, 4096), 4096) << std::strerror(errno);
  EXPECT_EQ(read("f"), std::string(4096, 'a') + std::string(4096, 'b'));
  const os::Fd cached = open("f", O_RDWR);
  ASSERT_EQ(::pwrite(cached.get(), "c", 1, 0), 1);
  ASSERT_EQ(::pread(file.get(), block.get(), 4096, 0), 4096);
  EXPECT_EQ(std::string(static_cast<char*>(block.get()), 2), "ca");
}

TEST_P(PosixData, HolesAndDataAreFound) {
  const os::Fd file = open("f");
  ASSERT_EQ(::ftruncate(file.get(), 4 << 20), 0);
  ASSERT_EQ(::pwrite(file.get(), "x", 1, 1 << 20), 1);
  ASSERT_EQ(::fsync(file.get()), 0);
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_DATA), 1 << 20);
  const off_t hole = ::lseek(file.get(), 1 << 20, SEEK_HOLE);
  EXPECT_GT(hole, 1 << 20);
  EXPECT_LT(hole, 4 << 20);
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_HOLE), 0);
  EXPECT_FAILS(::lseek(file.get(), 2 << 20, SEEK_DATA), ENXIO);
  EXPECT_EQ(::lseek(file.get(), 0, SEEK_END), 4 << 20);
}

TEST_P(PosixData, SpaceIsAllocatedAndGivenBack) {
  const os::Fd file = open("f");
  ASSERT_EQ(::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, 1 << 20), 0) << std::strerror(errno);
  EXPECT_EQ(status("f").st_size, 0);
  EXPECT_GE(status("f").st_blocks, 2048);
  ASSERT_EQ(::posix_fallocate(file.get(), 0, 65536), 0);
  EXPECT_EQ(status("f").st_size, 65536);
  ASSERT_EQ(::pwrite(file.get(), std::string(65536, 'a').data(), 65536, 0), 65536);
  ASSERT_EQ(::fallocate(file.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4096, 8192), 0);
  EXPECT_EQ(read(file).substr(4095, 8194), "a" + std::string(8192, '\0') + "a");
}

TEST_P(PosixData, RangesAreCopied) {
  write("from", "0123456789");
  const os::Fd from = open("from", O_RDONLY), to = open("to");
  off_t from_offset = 2, to_offset = 1;
  ASSERT_EQ(::copy_file_range(from.get(), &from_offset, to.get(), &to_offset, 5, 0), 5) << std::strerror(errno);
  EXPECT_EQ(read("to"), std::string("\0", 1) + "23456");
  EXPECT_EQ(from_offset, 7);
  EXPECT_EQ(to_offset, 6);
}

/// A whole file in memory, unmapped with this.
struct Mapping {
  Mapping(const os::Fd& file, std::size_t its_size, int protection, int flags)
      : size(its_size), bytes(static_cast<char*>(::mmap(nullptr, size, protection, flags, file.get(), 0))) {}
  ~Mapping() { ::munmap(bytes, size); }
  std::size_t size;
  char* bytes;
};

TEST_P(PosixData, SharedMappingsAreTheFile) {
  write("f", std::string(8192, 'a'));
  const os::Fd file = open("f", O_RDWR);
  const Mapping mapping(file, 8192, PROT_READ | PROT_WRITE, MAP_SHARED);
  ASSERT_NE(mapping.bytes, MAP_FAILED) << std::strerror(errno);
  mapping.bytes[0] = 'm';
  mapping.bytes[8191] = 'n';
  ASSERT_EQ(::msync(mapping.bytes, 8192, MS_SYNC), 0);
  const std::string expected = "m" + std::string(8190, 'a') + "n";
  EXPECT_EQ(read("f"), expected);
  ASSERT_EQ(::pwrite(file.get(), "w", 1, 100), 1);
  ASSERT_EQ(::fsync(file.get()), 0);
  const os::Fd below(::open((rig_->backing() + "/f").c_str(), O_RDONLY));
  EXPECT_EQ(read(below).substr(0, 101), "m" + std::string(99, 'a') + "w");
}

TEST_P(PosixData, MappingsOutliveTheirDescriptors) {
  write("f", std::string(4096, 'a'));
  os::Fd file = open("f", O_RDWR);
  const Mapping mapping(file, 4096, PROT_READ | PROT_WRITE, MAP_SHARED);
  ASSERT_NE(mapping.bytes, MAP_FAILED);
  file.reset();
  ASSERT_EQ(::unlink(at("f").c_str()), 0);
  mapping.bytes[1] = 'b';
  EXPECT_EQ(::msync(mapping.bytes, 4096, MS_SYNC), 0);
  EXPECT_EQ(mapping.bytes[1], 'b');
}

TEST_P(PosixData, PrivateMappingsLeaveTheFileAlone) {
  write("f", "text");
  const os::Fd file = open("f", O_RDONLY);
  const Mapping mapping(file, 4, PROT_READ | PROT_WRITE, MAP_PRIVATE);
  ASSERT_NE(mapping.bytes, MAP_FAILED);
  mapping.bytes[0] = 'T';
  EXPECT_EQ(read("f"), "text");
}

TEST_P(PosixData, SyncingIsPossible) {
  const os::Fd file = open("f", O_RDWR | O_CREAT | O_DSYNC), folder(::open(root_.c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(::write(file.get(), "x", 1), 1);
  EXPECT_EQ(::fsync(file.get()), 0);
  EXPECT_EQ(::fdatasync(file.get()), 0);
  EXPECT_EQ(::sync_file_range(file.get(), 0, 1, SYNC_FILE_RANGE_WRITE), 0);
  EXPECT_EQ(::fsync(folder.get()), 0);
  EXPECT_EQ(::syncfs(folder.get()), 0);
}

struct flock whole_file(short kind) {
  struct flock lock {};
  lock.l_type = kind;
  lock.l_whence = SEEK_SET;
  return lock;
}

TEST_P(PosixData, RecordLocksKeepOtherProcessesOut) {
  const os::Fd file = open("f");
  auto lock = whole_file(F_WRLCK);
  lock.l_start = 10;
  lock.l_len = 10;
  ASSERT_EQ(::fcntl(file.get(), F_SETLK, &lock), 0);
  EXPECT_EQ(in_child(0,
                     [&] {
                       const os::Fd mine = open("f", O_RDWR);
                       auto wanted = whole_file(F_RDLCK);
                       if (::fcntl(mine.get(), F_SETLK, &wanted) == 0 || errno != EAGAIN) return 1;
                       auto seen = whole_file(F_RDLCK);
                       if (::fcntl(mine.get(), F_GETLK, &seen) != 0 || seen.l_type != F_WRLCK || seen.l_start != 10)
                         return 2;
                       wanted.l_start = 20;
                       return ::fcntl(mine.get(), F_SETLK, &wanted) == 0 ? 0 : 3;
                     }),
            0);
  { const os::Fd another = open("f", O_RDONLY); }  // closing any descriptor of it gives all of this process's up
  EXPECT_EQ(in_child(0,
                     [&] {
                       const os::Fd mine = open("f", O_RDWR);
                       auto wanted = whole_file(F_WRLCK);
                       return ::fcntl(mine.get(), F_SETLK, &wanted) == 0 ? 0 : 1;
                     }),
            0);
}

TEST_P(PosixData, WaitingForALockEndsWhenItIsGivenUp) {
  const os::Fd file = open("f");
  auto lock = whole_file(F_WRLCK);
  ASSERT_EQ(::fcntl(file.get(), F_SETLK, &lock), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto wanted = whole_file(F_WRLCK);
    const int mine = ::open(at("f").c_str(), O_RDWR);
    ::_exit(::fcntl(mine, F_SETLKW, &wanted) == 0 ? 0 : 1);
  }
  lock.l_type = F_UNLCK;
  ASSERT_EQ(::fcntl(file.get(), F_SETLK, &lock), 0);
  int how = 0;
  ASSERT_EQ(::waitpid(child, &how, 0), child);
  EXPECT_EQ(how, 0);
}

TEST_P(PosixData, FileLocksBelongToDescriptions) {
  const os::Fd first = open("f"), second = open("f");
  ASSERT_EQ(::flock(first.get(), LOCK_EX), 0);
  EXPECT_FAILS(::flock(second.get(), LOCK_EX | LOCK_NB), EWOULDBLOCK);
  ASSERT_EQ(::flock(first.get(), LOCK_UN), 0);
  EXPECT_EQ(::flock(second.get(), LOCK_SH | LOCK_NB), 0);
  EXPECT_EQ(::flock(first.get(), LOCK_SH | LOCK_NB), 0);
}

TEST_P(PosixData, WhatIsWrittenIsSeenByAllAndBelow) {
  const os::Fd writing = open("f", O_WRONLY | O_CREAT), reading = open("f", O_RDONLY);
  const os::Fd below(::open((rig_->backing() + "/f").c_str(), O_RDONLY));
  for (int i = 0; i < 200; ++i) {
    const std::string text = std::to_string(i);
    ASSERT_EQ(::pwrite(writing.get(), text.data(), text.size(), i * 40), static_cast<ssize_t>(text.size()));
    ASSERT_EQ(read(reading, i * 40), text);
    ASSERT_EQ(read(below, i * 40), text);  // no write waits in a cache of the kernel's
  }
}

}  // namespace
}  // namespace withstand::lab::disk::testing
