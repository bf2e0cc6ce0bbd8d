// What [load] says of when operations are due, on which keys, and what counts as borne.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fixtures.hpp"

namespace withstand::spec {
namespace {

using namespace std::chrono_literals;
using fixtures::complaints;
using ::testing::HasSubstr;

std::string with_load(const std::string& load, const std::string& more = "") {
  return "[target]\nuse = \"kv\"\n\n[load]\n" + load + "\n[expect]\nafter = [\"errors == 0%\"]\n" + more;
}

LoadSpec load_of(const std::string& text) {
  const auto reading = fixtures::read(with_load(text));
  EXPECT_TRUE(reading.ok()) << complaints(with_load(text));
  return reading.value.load.value();
}

TEST(LoadShape, IsReadWithItsUnits) {
  const auto ramp = load_of(
      "workload = \"register\"\nrate = \"100/s\"\narrival = \"poisson\"\n"
      "ramp = { to = \"2000/s\", over = \"10s\", each_phase = true }\nslo = [\"p99 < 50ms\", \"errors < 1%\"]");
  ASSERT_TRUE(ramp.shape.ramp);
  EXPECT_EQ(ramp.shape.ramp->to.millihertz, 2'000'000);
  EXPECT_EQ(ramp.shape.ramp->over, 10s);
  EXPECT_TRUE(ramp.shape.ramp->each_phase);
  EXPECT_EQ(ramp.arrival, "poisson");
  EXPECT_EQ(ramp.slo.size(), 2U);
  EXPECT_EQ(ramp.in_flight, 4'000) << "twice what a stall piles up at the highest rate";
  const auto steps = load_of(
      "workload = \"register\"\nsteps = [{ for = \"5s\", rate = \"10/s\" }, { for = \"1s\", rate = \"20/s\" }]");
  ASSERT_EQ(steps.shape.steps.size(), 2U);
  EXPECT_EQ(steps.shape.steps[1].rate.millihertz, 20'000);
  const auto hot = load_of(
      "workload = \"register\"\npopularity = { hot = \"10%\", takes = \"90%\" }\n"
      "value_size = { \"16B\" = 9, \"64KiB\" = 1 }\nsine = { swing = \"50%\", period = \"10s\" }");
  EXPECT_EQ(hot.popularity.hot_share.ppb, 900'000'000);
  ASSERT_EQ(hot.value_sizes.size(), 2U);
  EXPECT_EQ(hot.value_sizes[1].first.count, 65'536);
  EXPECT_EQ(hot.shape.sine->period, 10s);
}

TEST(LoadShape, AWorkloadBringsItsOwnNumberOfKeys) {
  EXPECT_EQ(load_of("workload = \"register\"").keys, 16);
  EXPECT_EQ(load_of("workload = \"set\"").keys, 1);
  EXPECT_EQ(load_of("workload = \"set\"\nkeys = 3").keys, 3);
}

TEST(LoadShape, AClosedLoopHasUsersAndNoRate) {
  const auto load = load_of("workload = \"session\"\nusers = 20\nthink = \"50ms\"");
  EXPECT_EQ(load.users, 20);
  EXPECT_EQ(load.think, 50ms);
  const auto wrong = [](const std::string& text) { return complaints(with_load(text)); };
  EXPECT_THAT(wrong("workload = \"session\""), HasSubstr("workload 'session' is a closed loop"));
  EXPECT_THAT(wrong("workload = \"register\"\nusers = 2\nrate = \"5/s\""), HasSubstr("'rate' is for an open loop"));
  EXPECT_THAT(wrong("workload = \"register\"\nthink = \"5ms\""), HasSubstr("'think' is for a closed loop"));
  EXPECT_THAT(wrong("workload = \"lock\"\nusers = 2"), HasSubstr("workload 'lock' is an open loop"));
  EXPECT_THAT(wrong("workload = \"register\"\nusers = 1\nclients = 2"), HasSubstr("fewer users than clients"));
}

TEST(LoadShape, WhatContradictsItselfIsRefused) {
  const auto wrong = [](const std::string& text) { return complaints(with_load("workload = \"register\"\n" + text)); };
  EXPECT_THAT(wrong("ramp = { to = \"9/s\", over = \"1s\" }\nsine = { swing = \"5%\", period = \"1s\" }"),
              HasSubstr("'ramp' and 'sine' both say how the rate changes"));
  EXPECT_THAT(wrong("ramp = { to = \"9/s\" }"), HasSubstr("over"));
  EXPECT_THAT(wrong("sine = { swing = \"120%\", period = \"1s\" }"), HasSubstr("'swing' lies between 0% and 100%"));
  EXPECT_THAT(wrong("arrival = \"poison\""), HasSubstr("did you mean 'poisson'?"));
  EXPECT_THAT(wrong("popularity = { zipf = 11 }"), HasSubstr("'zipf' goes from above 0 to 10"));
  EXPECT_THAT(wrong("value_size = { \"16\" = 1 }"), HasSubstr("'16' is no size of a value"));
  EXPECT_THAT(wrong("trace = \"t\"\nrate = \"5/s\""), HasSubstr("the trace says when operations are due"));
  EXPECT_THAT(wrong("slo = [\"throughput > 5/s\"]"), HasSubstr("is not judged second by second"));
  EXPECT_THAT(wrong("hold = \"5ms\""), HasSubstr("'hold' is for workload 'lock'"));
}

TEST(Expect, LimitsAreRelativeToWhatWasBeforeThem) {
  const auto wrong = [](const std::string& expect) {
    return complaints("[target]\nuse = \"kv\"\n\n[load]\nworkload = \"register\"\n\n[expect]\n" + expect);
  };
  EXPECT_EQ(wrong("confident = true\nduring = [\"p99 < 3 * before\"]\nafter = [\"throughput >= 0.9 * during\"]"), "");
  EXPECT_THAT(wrong("before = [\"p99 < 3 * before\"]"), HasSubstr("'before' cannot be relative to 'before'"));
  EXPECT_THAT(wrong("during = [\"p99 < 3 * during\"]"), HasSubstr("'during' cannot be relative to 'during'"));
  EXPECT_THAT(wrong("after = [\"recovery < 2 * before\"]"), HasSubstr("'recovery' has no figure in 'before'"));
  EXPECT_THAT(wrong("after = [\"capacity > 5/s\"]"), HasSubstr("'capacity' needs 'slo' in [load]"));
}

}  // namespace
}  // namespace withstand::spec
