// Disks with only so much room, as programs meet it.
#include <filesystem>

#include <gmock/gmock.h>

#include "disk_fixture.hpp"

namespace withstand::faults::testing {
namespace {

using ::testing::HasSubstr;

class DiskSpaceTest : public DiskFaultTest {
 protected:
  core::Injection& leave(std::int64_t bytes, std::map<std::string, spec::Value> more = {}) {
    more["free"] = spec::Bytes{bytes};
    return strike("disk.full", std::move(more));
  }
  /// As df sees it, in KiB.
  std::string left() { return run(0, "df --output=avail -k . | tail -n 1 | tr -d ' \\n'").output; }
  std::string write_zeros(const std::string& name, int kib) {
    return run(0, "dd if=/dev/zero of=" + name + " bs=4K count=" + std::to_string(kib / 4) + " conv=notrunc").error;
  }
};

TEST_F(DiskSpaceTest, IsTakenAndGivenBack) {
  stand();
  auto& injection = leave(64 << 10);
  EXPECT_EQ(left(), "64");
  EXPECT_THAT(write_zeros("f", 100), HasSubstr("No space left on device"));
  EXPECT_EQ(std::filesystem::file_size(data(0, "f")), 64U << 10U);
  EXPECT_EQ(left(), "0");
  EXPECT_THAT(write_zeros("f", 64), Not(HasSubstr("No space")));  // what is there can be written again
  EXPECT_THAT(write_zeros("g", 4), HasSubstr("No space left on device"));
  run(0, "truncate -s 32K f");
  EXPECT_EQ(left(), "32");
  run(0, "fallocate -p -o 0 -l 8K f");
  EXPECT_EQ(left(), "40");
  run(0, "rm f");
  EXPECT_EQ(left(), "64");
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
  EXPECT_THAT(text(injection), HasSubstr("by dd"));
  injection.revert();
  EXPECT_THAT(write_zeros("f", 100), Not(HasSubstr("No space")));
}

TEST_F(DiskSpaceTest, OneWriteIsCutToWhatIsLeft) {
  stand();
  leave(64 << 10);
  const auto result = run(0, "dd if=/dev/zero of=f bs=100K count=1; stat -c %s f");
  EXPECT_THAT(result.output, HasSubstr("65536"));
}

TEST_F(DiskSpaceTest, SparseFilesAndLinksTakeWhatTheyHave) {
  stand();
  write_zeros("f", 16);
  leave(64 << 10);
  EXPECT_EQ(run(0, "truncate -s 1G sparse && ln f g && rm f").error, "");
  EXPECT_EQ(left(), "64");
  run(0, "dd if=/dev/zero of=sparse bs=4K count=1 seek=1000 conv=notrunc");
  EXPECT_EQ(left(), "60");
  run(0, "rm g");
  EXPECT_EQ(left(), "76");
}

TEST_F(DiskSpaceTest, BlocksOfWhichTheFileSystemWasToldTakeRoomOnce) {
  stand();
  leave(64 << 10);
  EXPECT_THAT(run(0, "fallocate -l 100K f").error, HasSubstr("No space left on device"));
  EXPECT_EQ(run(0, "fallocate -l 64K f").error, "");
  EXPECT_EQ(left(), "0");
  EXPECT_THAT(write_zeros("f", 64), Not(HasSubstr("No space")));
  EXPECT_THAT(write_zeros("f", 68), HasSubstr("No space"));
}

TEST_F(DiskSpaceTest, WhatIsUnlinkedButOpenTakesRoomUntilItIsClosed) {
  stand();
  leave(64 << 10);
  const auto result = run(0,
                          "exec 3> f; dd if=/dev/zero bs=4K count=16 >&3; rm f; dd if=/dev/zero of=g bs=4K count=1;"
                          "exec 3>&-; dd if=/dev/zero of=h bs=4K count=16 && echo fits");
  EXPECT_THAT(result.error, HasSubstr("No space left on device"));
  EXPECT_THAT(result.output, HasSubstr("fits"));
}

TEST_F(DiskSpaceTest, AQuotaHoldsInItsFolderOnly) {
  stand();
  run(0, "mkdir -p q/deep");
  auto& injection = leave(32 << 10, {{"folder", std::string("q")}});
  EXPECT_THAT(write_zeros("q/deep/f", 64), HasSubstr("Disk quota exceeded"));
  EXPECT_THAT(write_zeros("outside", 64), Not(HasSubstr("quota")));
  run(0, "mv q/deep/f moved");
  EXPECT_THAT(write_zeros("q/g", 32), Not(HasSubstr("quota")));
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

TEST_F(DiskSpaceTest, InodesRunOutToo) {
  stand();
  auto& injection = strike("disk.full", {{"inodes", std::int64_t{2}}});
  EXPECT_EQ(run(0, "touch a; mkdir b").error, "");
  EXPECT_THAT(run(0, "touch c").error, HasSubstr("No space left on device"));
  EXPECT_EQ(run(0, "df --output=iavail . | tail -n 1 | tr -d ' \\n'").output, "0");
  EXPECT_EQ(run(0, "ln a d && echo text > d && rm a d && touch c").error, "");
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

TEST_F(DiskSpaceTest, RoomThatNobodyAskedForIsNoEvidence) {
  stand();
  auto& injection = leave(64 << 10);
  write_zeros("f", 8);
  EXPECT_FALSE(injection.observe().took_effect());
  EXPECT_THAT(text(injection), HasSubstr("at the least 57344 bytes were left"));
}

}  // namespace
}  // namespace withstand::faults::testing
