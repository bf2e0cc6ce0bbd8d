// Faults on disks, seen by the nodes' own programs and in the folder below.
#include "core/disk.hpp"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "fault_fixture.hpp"

namespace withstand::faults::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

class DiskFaultTest : public FaultTest {
 protected:
  void SetUp() override {
    if (::access("/dev/fuse", R_OK | W_OK) != 0) GTEST_SKIP() << "needs /dev/fuse";
    FaultTest::SetUp();
  }
  /// Nodes that sleep, whose files may be struck by anything.
  void stand(std::int64_t nodes = 2) {
    core::Claim claim;
    claim.medium = core::Claim::Medium::disk;
    for (core::NodeId id = 0; id < static_cast<core::NodeId>(nodes); ++id) claim.nodes.push_back(id);
    claim.files = {{core::DiskOperations::all(), ""}};
    more_claims_ = {claim};
    launch("exec sleep 1000", nodes);
  }
  /// With every default of the kind, as the parser has it.
  core::Injection& strike(const std::string& kind, std::map<std::string, spec::Value> parameters) {
    for (const auto& each : catalog_.find(kind)->parameters)
      if (each.fallback && !parameters.contains(each.name)) parameters[each.name] = *each.fallback;
    return inject(kind, std::move(parameters), {{0}, {}});
  }
  static std::string text(core::Injection& injection) {
    std::string all;
    for (const auto& row : injection.observe().rows)
      all +=
          row.what + " | " + row.requested + " | " + row.measured + " | " + std::string(to_text(row.judgement)) + "\n";
    return all;
  }
};

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
