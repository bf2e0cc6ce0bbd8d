#include <cmath>
#include <sstream>

#include <gmock/gmock.h>

#include "disk_fixture.hpp"

/// Time stamps of files in a node whose clock is false.
namespace withstand::faults::testing {
namespace {

using std::chrono::hours;

constexpr double month = 30 * 86'400.0, patience = 20;

class DiskClockTest : public DiskFaultTest {
 protected:
  void SetUp() override {
    own_clocks_ = true;
    DiskFaultTest::SetUp();
  }
  /// What `stat` says of a path in the node, in seconds ahead of the machine's clock: last read, last written, last
  /// changed.
  struct Times {
    double read = 0, written = 0, changed = 0;
  };
  Times times(const std::string& path) {
    const auto said = run(0, "stat -c '%X %Y %Z' " + path);
    EXPECT_EQ(said.exit_status, 0) << said.error;
    std::istringstream words(said.output);
    Times times;
    words >> times.read >> times.written >> times.changed;
    const double machine = static_cast<double>(std::time(nullptr));
    return {times.read - machine, times.written - machine, times.changed - machine};
  }
  void expect_all(const std::string& path, double ahead) {
    const Times seen = times(path);
    EXPECT_NEAR(seen.read, ahead, patience) << path << ", after: " << last_;
    EXPECT_NEAR(seen.written, ahead, patience) << path << ", after: " << last_;
    EXPECT_NEAR(seen.changed, ahead, patience) << path << ", after: " << last_;
  }
  void does(const std::string& script) {
    last_ = script;
    const auto said = run(0, script);
    EXPECT_EQ(said.exit_status, 0) << script << ": " << said.error;
  }
  std::string last_;
};

TEST_F(DiskClockTest, StampsAreThoseOfTheNodesClock) {
  stand(1);
  does("echo a > before; mkdir folder");
  expect_all("before", 0);
  auto& offset = inject("clock.offset", {{"by", spec::Duration(hours(24 * 30))}}, {{0}, {}});
  expect_all("before", 0);
  does("echo a > made");
  expect_all("made", month);
  EXPECT_NEAR(times(".").written, month, patience);
  does("echo b >> before");
  EXPECT_NEAR(times("before").written, month, patience);
  EXPECT_NEAR(times("before").changed, month, patience);
  does("cat before made");
  EXPECT_NEAR(times("before").read, 0, patience) << "who reads leaves no stamp";
  does("touch before");
  expect_all("before", month);
  does("mkdir folder/inner; ln -s made link; mkfifo pipe");
  for (const char* path : {"folder/inner", "link", "pipe"}) expect_all(path, month);
  EXPECT_NEAR(times("folder").written, month, patience);
  does("touch -d '2001-01-01 00:00:00 UTC' made");
  EXPECT_EQ(run(0, "stat -c %Y made").output, "978307200\n") << "what is asked for is kept";
  EXPECT_NEAR(times("made").changed, month, patience);
  offset.revert();
  does("echo c >> made");
  EXPECT_NEAR(times("made").written, 0, patience);
}

TEST_F(DiskClockTest, NamesAndAttributesAreChangesToo) {
  stand(1);
  does("mkdir a b; echo x > a/f; echo y > a/g; sync");
  inject("clock.offset", {{"by", spec::Duration(-hours(24 * 30))}}, {{0}, {}});
  does("chmod 600 a/f; ln a/g a/h; mv a/f b/f");
  EXPECT_NEAR(times("b/f").changed, -month, patience);
  EXPECT_NEAR(times("b/f").written, 0, patience) << "its data are as old as they were";
  EXPECT_NEAR(times("a/g").changed, -month, patience);
  for (const char* folder : {"a", "b"}) EXPECT_NEAR(times(folder).written, -month, patience) << folder;
  does("rm a/g; truncate -s 3 a/h");
  EXPECT_NEAR(times("a").written, -month, patience);
  EXPECT_NEAR(times("a/h").written, -month, patience);
}

}  // namespace
}  // namespace withstand::faults::testing
