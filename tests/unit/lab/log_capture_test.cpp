#include "lab/log_capture.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <signal.h>
#include <string>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "os/files.hpp"
#include "os/process.hpp"
#include "support/lab_fixture.hpp"

namespace withstand::lab::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class LogCaptureTest : public ::testing::Test {
 protected:
  /// A process that does this with the pipe as its standard output, and what captures it.
  void capture(std::uint64_t limit, const std::string& script) { capture(limit, script, path()); }
  void capture(std::uint64_t limit, const std::string& script, const std::string& file) {
    os::Pipe pipe = os::make_pipe();
    const os::Parent self;
    writer_ = os::clone_process("start a writer", {}, [&]() -> int {
      self.die_with(SIGKILL);
      ::dup2(pipe.write.get(), STDOUT_FILENO);
      ::execl("/bin/sh", "sh", "-c", script.c_str(), nullptr);
      return 127;
    });
    pipe.write.reset();
    LogSink sink{file,
                 core::now(),
                 limit,
                 [this](core::Instant, const std::string&) { ++lines_; },
                 [this] { ++told_; },
                 [this](const char* attempt, int error) {
                   failures_.push_back(std::string(attempt) + " " + std::to_string(error));
                 }};
    log_ = std::make_unique<LogCapture>(loop_, std::move(pipe.read), std::move(sink));
  }
  ~LogCaptureTest() override {
    if (!writer_.pidfd.valid()) return;
    writer_.pidfd.send(SIGKILL);
    writer_.pidfd.reap();
  }
  [[nodiscard]] bool ends_within(std::chrono::nanoseconds patience) {
    bool ended = false;
    const auto end = loop_.on_readable(writer_.pidfd.get(), [&] { ended = true; });
    return loop_.run_until([&] { return ended; }, core::now() + patience);
  }
  [[nodiscard]] std::string path() const { return folder_.path() + "/stdout.log"; }

  ScratchFolder folder_;
  core::EventLoop loop_;
  os::Child writer_;
  std::unique_ptr<LogCapture> log_;
  std::uint64_t lines_ = 0;
  int told_ = 0;
  std::vector<std::string> failures_;
};

TEST_F(LogCaptureTest, KeepsEveryLineBelowItsLimit) {
  capture(64U << 20, "seq 200000");
  ASSERT_TRUE(ends_within(seconds(30)));
  log_->drain();
  log_.reset();
  std::ifstream file(path());
  std::string line;
  int count = 0;
  for (; std::getline(file, line) && line.ends_with(" " + std::to_string(count + 1)); ++count) {
  }
  EXPECT_EQ(count, 200'000) << "then came: " << line.substr(0, 80);
  EXPECT_EQ(lines_, 200'000U);
  EXPECT_EQ(told_, 0);
  EXPECT_THAT(failures_, IsEmpty());
}

TEST_F(LogCaptureTest, AFullDiskEndsTheLogAndHoldsUpNobody) {
  capture(64U << 20, "echo first; sleep 0.3; seq 1000; sleep 0.3; yes | head -c 268435456; sleep 0.3; echo last",
          "/dev/full");
  ASSERT_TRUE(ends_within(seconds(30)));
  log_->drain();
  EXPECT_THAT(failures_, ElementsAre("write " + std::to_string(ENOSPC))) << "once";
  EXPECT_GT(lines_, 1000U) << "whoever waits for a line still gets it";
  ASSERT_FALSE(log_->tail().empty());
  EXPECT_EQ(log_->tail().back(), "last");
  EXPECT_GT(log_->left_out(), 200'000'000U);
  EXPECT_EQ(told_, 0);
  log_.reset();
}

TEST_F(LogCaptureTest, ItsEndTellsOfAFullDiskToo) {
  capture(64U << 20, "printf unfinished", "/dev/full");
  ASSERT_TRUE(ends_within(seconds(30)));
  log_->drain();
  EXPECT_THAT(failures_, IsEmpty());
  log_.reset();
  EXPECT_THAT(failures_, ElementsAre("write " + std::to_string(ENOSPC)));
}

TEST_F(LogCaptureTest, EndsItsFileAtTheLimitAndShowsTheLastLines) {
  capture(100'000, "seq 200000; sleep 0.2; echo the very last");
  ASSERT_TRUE(ends_within(seconds(30)));
  log_->drain();
  EXPECT_GT(log_->left_out(), 1'000'000U);
  log_.reset();
  EXPECT_EQ(told_, 1);
  const std::string text = os::read_file(path()).value_or("");
  EXPECT_LT(text.size(), 110'000U);
  EXPECT_THAT(text, HasSubstr(" 1\n"));
  EXPECT_THAT(text, HasSubstr("has reached its limit of 98 KiB"));
  EXPECT_THAT(text, HasSubstr("KiB were left out"));
  EXPECT_THAT(text, EndsWith("the very last\n"));
}

TEST_F(LogCaptureTest, AFloodNeitherWaitsNorTakesTheLoopFromOthers) {
  // 2 GiB: line by line this took a minute.
  capture(100'000, "yes 'something that is said again and again' | head -c 2147483648");
  std::vector<core::Instant> lateness;
  core::EventLoop::Registration next;
  std::function<void(core::Instant)> tick = [&](core::Instant due) {
    next = loop_.at(due, [&, due] {
      lateness.push_back(core::now() - due);
      tick(core::now() + milliseconds(5));
    });
  };
  tick(core::now());
  ASSERT_TRUE(ends_within(seconds(30)));
  EXPECT_LT(std::filesystem::file_size(path()), 110'000U);
  ASSERT_GT(lateness.size(), 5U);
  std::sort(lateness.begin(), lateness.end());
  EXPECT_LT(lateness[lateness.size() / 2], milliseconds(5)) << "of " << lateness.size();
}

}  // namespace
}  // namespace withstand::lab::testing
