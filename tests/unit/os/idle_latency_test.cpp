#include "os/idle_latency.hpp"

#include <fcntl.h>
#include <filesystem>
#include <unistd.h>

#include <gtest/gtest.h>

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
  EXPECT_TRUE(latency.held() && open_here());
  EXPECT_EQ(in_force(), 0);
  latency.hold(true);
  latency.hold(false);
  EXPECT_FALSE(latency.held());
  EXPECT_FALSE(open_here());  // in force there may still be another's
}

}  // namespace
}  // namespace withstand::os
