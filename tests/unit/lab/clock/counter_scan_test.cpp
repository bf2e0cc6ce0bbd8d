#include "lab/clock/counter_scan.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "domain_rig.hpp"

namespace withstand::lab::clock {
namespace {

/// Never called; it is there to be found in this program.
[[gnu::used, gnu::noinline]] unsigned long long counter() { return __builtin_ia32_rdtsc(); }

TEST(CounterScan, FindsReadingsOfTheTimeStampCounter) { EXPECT_TRUE(reads_time_stamp_counter("/proc/self/exe")); }

TEST(CounterScan, FindsNoneWhereThereAreNone) {
  EXPECT_FALSE(reads_time_stamp_counter(victim("dynamic")));
  EXPECT_FALSE(reads_time_stamp_counter("/bin/true"));
}

TEST(CounterScan, TakesNoOtherFileForAProgram) {
  EXPECT_FALSE(reads_time_stamp_counter("/etc/passwd"));
  EXPECT_FALSE(reads_time_stamp_counter("/no/such/file"));
  const std::string path = ::testing::TempDir() + "cut-short";
  std::ofstream(path) << "\x7f"
                         "ELF\2\1\1";
  EXPECT_FALSE(reads_time_stamp_counter(path));
  static_cast<void>(counter);
}

}  // namespace
}  // namespace withstand::lab::clock
