// Faults on disks, seen by the nodes' own programs and in the folder below.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "disk_fixture.hpp"

namespace withstand::faults::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

TEST_F(DiskFaultTest, AnErrorReachesTheProgramAndNothingIsDone) {
  stand();
  auto& injection =
      strike("disk.error",
             {{"operations", spec::TextList{"write"}}, {"path", std::string("f")}, {"error", std::string("ENOSPC")}});
  const auto result = run(0, "dd if=/dev/zero of=f bs=5 count=1; echo text > g");
  EXPECT_THAT(result.error, HasSubstr("No space left on device"));
  EXPECT_EQ(std::filesystem::file_size(data(0, "f")), 0U);
  EXPECT_EQ(std::filesystem::file_size(data(0, "g")), 5U);
  EXPECT_EQ(run(1, "echo text > f").error, "");
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
  EXPECT_THAT(text(injection), HasSubstr("1 operations of 1 | 1 ended with ENOSPC | agrees"));
  EXPECT_THAT(text(injection), HasSubstr("write f 0+5 by dd"));
  injection.revert();
  EXPECT_EQ(run(0, "echo text > f").error, "");
}

TEST_F(DiskFaultTest, AReadOnlyDiskIsReadAndNothingElse) {
  stand();
  run(0, "echo text > f; mkdir d");
  auto& injection = strike("disk.error", {{"state", std::string("read-only")}});
  EXPECT_EQ(run(0, "cat f").output, "text\n");
  for (const char* change : {"echo more >> f", "touch new", "mkdir e", "rm f", "rmdir d", "mv f g", "ln f g",
                             "ln -s f g", "chmod 600 f", "truncate -s 0 f", "sync f"})
    EXPECT_THAT(run(0, change).error, HasSubstr("Read-only file system")) << change;
  EXPECT_EQ(run(0, "cat f").output, "text\n");
  injection.revert();
  EXPECT_EQ(run(0, "echo more >> f && rm f && rmdir d").error, "");
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
  EXPECT_THAT(text(injection), HasSubstr("EROFS"));
}

TEST_F(DiskFaultTest, ADiskThatIsGoneFailsThroughOpenDescriptorsToo) {
  stand();
  run(0, "echo text > f");
  // The file is opened before, and read when the fault is there.
  std::optional<core::CommandResult> late;
  lab_->run_in(0, {"/bin/sh", "-c", "exec 3< f; echo > opened; while [ ! -e /tmp/go ]; do sleep 0.01; done; cat <&3"},
               seconds(20), [&](auto result) { late = std::move(result); });
  EXPECT_TRUE(wait([&] { return std::filesystem::exists(data(0, "opened")); }));
  auto& injection = strike("disk.error", {{"state", std::string("vanished")}, {"error", std::string("ENODEV")}});
  std::ofstream(data(0, "../tmp/go")) << "go";
  EXPECT_TRUE(wait([&] { return late.has_value(); }));
  EXPECT_THAT(late->error, HasSubstr("No such device"));
  for (const char* use : {"cat $D/f", "ls $D", "stat $D/f", "echo > $D/g"})
    EXPECT_THAT(run(0, std::string("D=/run/withstand/data; ") + use).error, HasSubstr("No such device")) << use;
  injection.revert();
  EXPECT_EQ(run(0, "cat f").output, "text\n");
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

TEST_F(DiskFaultTest, StaleDescriptorsFailAndNewOnesDoNot) {
  stand();
  run(0, "echo text > f");
  std::optional<core::CommandResult> late;
  lab_->run_in(
      0, {"/bin/sh", "-c", "exec 3< f; echo > opened; while [ ! -e /tmp/go ]; do sleep 0.01; done; cat <&3; cat f"},
      seconds(20), [&](auto result) { late = std::move(result); });
  EXPECT_TRUE(wait([&] { return std::filesystem::exists(data(0, "opened")); }));
  auto& injection = strike("disk.error", {{"state", std::string("stale")}});
  std::ofstream(data(0, "../tmp/go")) << "go";
  EXPECT_TRUE(wait([&] { return late.has_value(); }));
  EXPECT_THAT(late->error, HasSubstr("Stale file handle"));
  EXPECT_EQ(late->output, "text\n");
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

TEST_F(DiskFaultTest, CallsAreInterrupted) {
  stand();
  strike("disk.error", {{"operations", spec::TextList{"fsync"}}, {"error", std::string("EINTR")}});
  EXPECT_THAT(run(0, "echo text > f; sync f").error, HasSubstr("Interrupted system call"));
}

TEST_F(DiskFaultTest, ADiskCarriesOnlySoMuch) {
  stand();
  auto& injection = strike("disk.bandwidth", {{"rate", spec::Bandwidth{8 << 20}}, {"burst", spec::Bytes{64 << 10}}});
  const auto result = run(0, "dd if=/dev/zero of=f bs=64K count=16 2>&1 && dd if=f of=/dev/null bs=64K 2>&1");
  // 2 MiB, less the burst, at 1 MiB/s.
  EXPECT_GE(result.ended - result.started, milliseconds(1930));
  EXPECT_LE(result.ended - result.started, seconds(5));
  EXPECT_EQ(std::filesystem::file_size(data(0, "f")), 1U << 20U);
  injection.revert();
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

TEST_F(DiskFaultTest, WhatASlowDiskHoldsGoesOnWhenItEnds) {
  stand();
  auto& injection = strike("disk.bandwidth", {{"rate", spec::Bandwidth{8 << 10}}, {"burst", spec::Bytes{1}}});
  std::optional<core::CommandResult> late;
  lab_->run_in(0, {"/bin/sh", "-c", "dd if=/dev/zero of=f bs=1M count=1"}, seconds(20),
               [&](auto result) { late = std::move(result); });
  EXPECT_TRUE(wait([&] { return text(injection).find("write f") != std::string::npos; }));
  injection.revert();
  EXPECT_TRUE(wait([&] { return late.has_value(); }));
  EXPECT_EQ(std::filesystem::file_size(data(0, "f")), 1U << 20U);
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

TEST_F(DiskFaultTest, NoMatchIsNoEvidenceAndNamesWhatWasNear) {
  stand();
  auto& injection = strike("disk.error", {{"operations", spec::TextList{"write"}}, {"path", std::string("wal/0001")}});
  run(0, "mkdir wal; echo text > wal/0002");
  injection.revert();
  EXPECT_FALSE(injection.observe().took_effect());
  EXPECT_THAT(text(injection), HasSubstr("no operation matched \"wal/0001\"; nearest: wal/0002"));
}

TEST_F(DiskFaultTest, SyncsTakeLonger) {
  stand();
  auto& injection = strike("disk.latency", {{"operations", spec::TextList{"fsync", "fdatasync"}},
                                            {"delay", spec::Duration(milliseconds(300))}});
  const auto result = run(0, "echo text > f; sync f");
  EXPECT_GE(result.ended - result.started, milliseconds(300));
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

TEST_F(DiskFaultTest, AStalledDiskGoesOnWhenTheFaultEndsAndKilledProcessesEnd) {
  stand();
  auto& injection = strike("disk.stall", {{"operations", spec::TextList{"write"}}});
  const auto killed = run(0, "timeout -s KILL 0.3 sh -c 'echo text > f'; echo $?");
  EXPECT_EQ(killed.output, "137\n");
  EXPECT_EQ(std::filesystem::file_size(data(0, "f")), 0U);
  std::optional<core::CommandResult> late;
  lab_->run_in(0, {"/bin/sh", "-c", "echo text > g"}, seconds(20), [&](auto result) { late = std::move(result); });
  EXPECT_TRUE(wait([&] { return std::filesystem::exists(data(0, "g")); }));
  EXPECT_FALSE(wait([&] { return late.has_value(); }, milliseconds(300)));
  injection.revert();
  EXPECT_TRUE(wait([&] { return late.has_value(); }));
  EXPECT_EQ(std::filesystem::file_size(data(0, "g")), 5U);
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

TEST_F(DiskFaultTest, ADiskThatLiesIsSeenToLie) {
  stand();
  auto& injection = strike("disk.fsync", {});
  EXPECT_EQ(run(0, "echo text > f && sync f").exit_status, 0);
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

TEST_F(DiskFaultTest, NodesEndWhileTheirDisksHang) {
  stand();
  strike("disk.stall", {{"operations", spec::TextList{"write", "fsync"}}});
  lab_->run_in(0, {"/bin/sh", "-c", "echo text > f"}, seconds(20), [](auto) {});
  EXPECT_TRUE(wait([&] { return std::filesystem::exists(data(0, "f")); }));
  const auto begin = core::now();
  EXPECT_EQ(lab_->tear_down([] { return true; }), std::vector<std::string>());
  EXPECT_LT(core::now() - begin, seconds(10));
}

}  // namespace
}  // namespace withstand::faults::testing
