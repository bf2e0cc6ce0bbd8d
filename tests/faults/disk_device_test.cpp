// Faults below a file system of the kernel's own: what becomes of them is that file system's doing.
#include <filesystem>

#include <gmock/gmock.h>

#include "disk_fixture.hpp"
#include "lab/doctor/doctor.hpp"
#include "os/files.hpp"

namespace withstand::faults::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::uint64_t device_bytes = 64 << 20;

/// Loop devices whose data lies in a folder.
std::vector<std::string> attached(const std::string& folder) {
  std::vector<std::string> found;
  for (const auto& each : std::filesystem::directory_iterator("/sys/block")) {
    const auto file = os::read_file(each.path() / "loop/backing_file").value_or("");
    if (file.find(folder) != std::string::npos || file == "/device\n" ||
        file.find("withstand/data/device") != std::string::npos)
      found.push_back(each.path().filename().string() + " " + file);
  }
  return found;
}

class DiskDeviceTest : public DiskFaultTest {
 protected:
  void SetUp() override {
    DiskFaultTest::SetUp();
    if (IsSkipped()) return;
    const auto loop = lab::examine({"loop-devices"}).front();
    if (loop.state == lab::Feature::State::missing) GTEST_SKIP() << loop.why;
    before_ = attached(folder_.path());
  }
  void stand_on(const std::string& file_system) {
    stand(1);
    lab_->disks().make_device(file_system, device_bytes, {0});
  }
  core::Injection& strike_device(const std::string& kind, std::map<std::string, spec::Value> parameters) {
    parameters["plane"] = std::string("block");
    return strike(kind, std::move(parameters));
  }
  std::vector<std::string> before_;
};

TEST_F(DiskDeviceTest, HoldsAFileSystemOfItsOwn) {
  stand_on("ext4");
  EXPECT_EQ(run(0, "stat -f -c %T . && ls -A && touch f && echo mine").output, "ext2/ext3\nmine\n");
  EXPECT_THAT(run(0, "echo text > f && sync f && cat f").output, "text\n");
  EXPECT_THAT(lab_->tear_down([] { return true; }), IsEmpty());
  EXPECT_TRUE(wait([&] { return attached(folder_.path()) == before_; }));
}

TEST_F(DiskDeviceTest, AFailedWriteShowsAtTheSync) {
  stand_on("ext4");
  run(0, "echo text > f && sync f");
  auto& injection = strike_device("disk.error", {{"operations", spec::TextList{"write"}}});
  EXPECT_EQ(run(0, "dd if=/dev/zero of=f bs=4096 count=8 conv=notrunc status=none; echo $?").output,
            "0\n");  // it is cached
  EXPECT_THAT(run(0, "sync f").error, HasSubstr("Input/output error"));
  injection.revert();
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
  EXPECT_THAT(text(injection), HasSubstr("write device"));
}

TEST_F(DiskDeviceTest, AFailedJournalMakesTheFileSystemReadOnly) {
  stand_on("ext4");
  auto& injection = strike_device("disk.error", {{"operations", spec::TextList{"write", "fsync"}}});
  run(0, "mkdir d; sync .");
  injection.revert();
  EXPECT_TRUE(wait([&] { return run(0, "touch after").error.find("Read-only file system") != std::string::npos; }));
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

TEST_F(DiskDeviceTest, LostWritesComeBackAsTheyWere) {
  stand_on("ext4");
  run(0, "head -c 65536 /dev/zero | tr '\\0' a > f && sync f");
  auto& injection =
      strike_device("disk.corrupt",
                    {{"damage", std::string("stale")}, {"of", std::string("writes")}, {"block", spec::Bytes{1 << 20}}});
  EXPECT_EQ(run(0, "head -c 65536 /dev/zero | tr '\\0' b | dd of=f conv=notrunc status=none && sync f; echo $?").output,
            "0\n");
  injection.revert();
  run(0, "dd if=f iflag=nocache count=0 status=none");  // what the kernel has cached is dropped
  EXPECT_THAT(run(0, "tr -d a < f | wc -c").output, "0\n");
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

TEST_F(DiskDeviceTest, FlushesTakeLonger) {
  stand_on("ext4");
  auto& injection = strike_device("disk.latency", {{"operations", spec::TextList{"fsync", "fdatasync"}},
                                                   {"delay", spec::Duration(std::chrono::milliseconds(300))}});
  const auto result = run(0, "echo text > f; sync f");
  EXPECT_GE(result.ended - result.started, std::chrono::milliseconds(300));
  EXPECT_TRUE(injection.observe().took_effect()) << text(injection);
}

}  // namespace
}  // namespace withstand::faults::testing
