#include "run/surroundings.hpp"

#include <chrono>
#include <thread>
#include <unistd.h>

#include <gtest/gtest.h>

namespace withstand::run {
namespace {

using namespace std::chrono_literals;

TEST(MachineShare, IsWhatOthersUsedAndHowLongOursWaited) {
  MachineSnapshot from, to;
  from.busy = 100s, to.busy = 118s;
  from.ours = 10s, to.ours = 14s;
  from.threads = {{1, {5s, 1s}}, {2, {1s, 0s}}};
  // 1 went on, 2 ended, 3 is new; 4 has got the number of one that had run for longer.
  from.threads[4] = {9s, 9s};
  to.threads = {{1, {7s, 3s}}, {3, {1s, 2s}}, {4, {1s, 0s}}};
  const auto share = machine_share("during", from, to, 10s, 2);
  EXPECT_DOUBLE_EQ(share.foreign, 1.4);
  EXPECT_DOUBLE_EQ(share.waited, 0.5);
  EXPECT_TRUE(share.starved());
  EXPECT_EQ(to_text(share),
            "other programs kept 1.4 of 2 processors busy, ours waited 50% of the time they could have run");
}

TEST(MachineShare, AFloodOfOursIsOurs) {
  EXPECT_FALSE((MachineShare{"during", 2, 0.3, 0.9}.starved())) << "we made ourselves wait";
  EXPECT_FALSE((MachineShare{"during", 2, 1.9, 0.1}.starved())) << "others are polite";
  EXPECT_TRUE((MachineShare{"during", 2, 1.0, 0.4}.starved()));
}

TEST(MachineSnapshot, CountsThisProcessAndLeavesOthersOut) {
  const auto from = machine_snapshot(::getpid());
  const core::Instant begin = core::now();
  while (core::now() - begin < 300ms) {
  }
  const auto to = machine_snapshot(::getpid());
  // Ticks are of 10 ms; how much of the time we ran is the machine's affair.
  EXPECT_GT(to.ours - from.ours, 20ms);
  EXPECT_LT(to.ours - from.ours, 400ms);
  EXPECT_GE(to.busy - from.busy + 50ms, to.ours - from.ours);
  EXPECT_EQ(to.threads.count(::getpid()), 1U);
}

TEST(StallWatch, NoticesThatNobodyRanIt) {
  core::EventLoop loop;
  const StallWatch watch(loop);
  const auto stop = loop.at(core::now() + 50ms, [] { std::this_thread::sleep_for(1300ms); });
  loop.run_for(1600ms);
  ASSERT_EQ(watch.stalls().size(), 1U);
  EXPECT_GE(watch.stalls().front().length, 1s);
}

}  // namespace
}  // namespace withstand::run
