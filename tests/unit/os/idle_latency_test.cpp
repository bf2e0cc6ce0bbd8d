#include "os/idle_latency.hpp"

#include <fcntl.h>
#include <filesystem>
#include <sched.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "os/check.hpp"
#include "os/proc.hpp"

namespace withstand::os {
namespace {

/// What the kernel keeps to now: the least that anybody asks for, in microseconds.
std::int32_t in_force() {
  const Fd reader(::open("/dev/cpu_dma_latency", O_RDONLY | O_CLOEXEC));
  std::int32_t microseconds = -1;
  EXPECT_EQ(::read(reader.get(), &microseconds, sizeof microseconds), 4);
  return microseconds;
}

bool open_here() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;  // the iterator's own
    if (std::filesystem::read_symlink(entry, gone) == "/dev/cpu_dma_latency") return true;
  }
  return false;
}

TEST(IdleLatency, IsInForceWhileHeldAndOnlyThen) {
  if (::access("/dev/cpu_dma_latency", R_OK | W_OK) != 0) GTEST_SKIP() << "/dev/cpu_dma_latency is not ours to open";
  IdleLatency latency;
  latency.hold(true);
  EXPECT_TRUE(latency.asked() && open_here());
  EXPECT_EQ(in_force(), 0);
  latency.hold(true);
  latency.hold(false);
  EXPECT_FALSE(latency.asked());
  EXPECT_FALSE(open_here());  // in force there may still be another's
}

/// The process that stays awake; 0: none.
pid_t awake_process() {
  const ProcFolder proc(Fd(check("open /proc", ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC))));
  for (const auto& process : proc.processes())
    if (process.parent == ::getpid() && !process.dead()) return process.pid;
  return 0;
}

template <class Condition>
bool until(const Condition& condition) {
  for (int i = 0; i < 10'000 && !condition(); ++i) ::usleep(1000);
  return condition();
}

TEST(IdleLatency, WhereTheKernelHasNoSayAProcessOfTheIdleClassStaysAwakeWhereItsHolderRuns) {
  IdleLatency latency;
  latency.follow();
  EXPECT_EQ(awake_process(), 0);
  latency.hold(true);
  if (!latency.awake()) GTEST_SKIP() << "the kernel chooses how idle processors sleep here, or time is bounded";
  const pid_t process = awake_process();
  ASSERT_NE(process, 0);
  EXPECT_TRUE(until([&] { return ::sched_getscheduler(process) == SCHED_IDLE; }));
  cpu_set_t where;
  for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
    cpu_set_t before, one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(processor), &one);
    ASSERT_EQ(::sched_getaffinity(0, sizeof before, &before), 0);
    if (!CPU_ISSET(static_cast<std::size_t>(processor), &before)) continue;
    ASSERT_EQ(::sched_setaffinity(0, sizeof one, &one), 0);
    latency.follow();
    EXPECT_TRUE(until([&] {
      return ::sched_getaffinity(process, sizeof where, &where) == 0 && CPU_EQUAL(&where, &one);
    })) << "processor "
        << processor;
    ASSERT_EQ(::sched_setaffinity(0, sizeof before, &before), 0);
  }
  latency.hold(false);
  EXPECT_FALSE(latency.awake());
  const auto asleep = [&] { return process_stat(process).value_or(ProcessStat{}).state == 'S'; };
  EXPECT_TRUE(until(asleep));
  latency.hold(true);
  EXPECT_EQ(awake_process(), process);
  EXPECT_TRUE(until([&] { return !asleep(); }));
}

TEST(IdleLatency, LeavesNoProcessBehind) {
  {
    IdleLatency latency;
    latency.hold(true);
  }
  EXPECT_TRUE(until([] {
    static_cast<void>(::waitpid(-1, nullptr, WNOHANG));
    return awake_process() == 0;
  }));
}

}  // namespace
}  // namespace withstand::os
