// CLOCK_MONOTONIC and CLOCK_BOOTTIME that are false: a machine that was asleep.

#include <unistd.h>

#include <gtest/gtest.h>

#include "domain_rig.hpp"

namespace withstand::lab::clock {
namespace {

constexpr std::int64_t early = 500'000;           // ns: readings around a wait are not of one instant
constexpr std::int64_t patience = 4'000'000'000;  // ns: the machine may be busy

/// From now on CLOCK_MONOTONIC and _RAW are so much behind.
void sleep_through(DomainRig& rig, Ns time) {
  rig.change([time](Domain& domain, Ns at) {
    Share share;
    share.deviation = offset(at, -time);
    share.lines = steady_lines;
    domain.add(std::move(share), at);
  });
}

class Suspended : public ::testing::TestWithParam<const char*> {};

TEST_P(Suspended, ClocksShowThatTheMachineSlept) {
  DomainRig rig;
  rig.make_steady_clocks_false_too();
  sleep_through(rig, 3 * second);
  const auto before = machine_time();
  const auto outcome = rig.run({victim(GetParam()), "read"});
  const auto after = machine_time();
  for (const auto& [route, shown] : outcome.values()) {
    const bool steady = route.find("monotonic") != std::string::npos;
    const bool raw = route.find("raw") != std::string::npos;
    const bool boot = route.find("boottime") != std::string::npos;
    if (!steady && !raw && !boot) continue;
    const Ns from = raw ? before.raw : boot ? before.boot : before.steady;
    const Ns to = raw ? after.raw : boot ? after.boot : after.steady;
    const Ns behind = boot ? 0 : 3 * second;
    EXPECT_GE(shown, from - behind - 20'000'000) << route;
    EXPECT_LE(shown, to - behind) << route;
  }
}

TEST_P(Suspended, WaitsByTheMonotonicClockLastAsLongAsItShows) {
  for (const char* route : {"steady-sleep", "steady-condition", "steady-timer-file"}) {
    DomainRig rig;
    rig.make_steady_clocks_false_too();
    sleep_through(rig, 3 * second);
    const auto took = rig.run({victim(GetParam()), "wait", route, "200"}).values()[route];
    EXPECT_GE(took, 200'000'000 - early) << route;
    EXPECT_LE(took, 200'000'000 + patience) << route;
  }
}

TEST_P(Suspended, WaitsUnderWayGoOnWhereTheClockStood) {
  for (const char* route : {"steady-sleep", "steady-condition", "steady-timer-file"}) {
    DomainRig rig;
    rig.make_steady_clocks_false_too();
    const Ns start = steady_now();
    const auto outcome = rig.run({victim(GetParam()), "wait", route, "500"}, [&](const std::string& line) {
      if (line.rfind("begin-", 0) != 0) return;
      rig.serve_for(second / 10);
      sleep_through(rig, second / 2);
    });
    EXPECT_GE(outcome.values()[route], 500'000'000 - early) << route << outcome.output;
    EXPECT_GE(steady_now() - start, second - early) << route;
    EXPECT_LE(outcome.values()[route], 500'000'000 + patience) << route;
  }
}

/// As after hours of sleep.
void sleep_for_hours(DomainRig& rig) {
  rig.make_steady_clocks_false_too();
  sleep_through(rig, 4 * second);
  rig.change([](Domain& domain, Ns at) {
    Share share;
    share.deviation = offset(at, 8 * 3'600 * second);
    share.lines = every_line & ~steady_lines;
    domain.add(std::move(share), at);
  });
}

std::string selftest(const char* kind) { return std::string(WITHSTAND_BINARY_DIR "/tests/clock-selftest-") + kind; }

// Whatever waits by any clock neither spins nor stays away.
TEST_P(Suspended, EverySleepKeepsToItsClock) {
  DomainRig rig;
  sleep_for_hours(rig);
  const auto sleeps = rig.run({selftest(GetParam()), "sleeps"}).values();
  EXPECT_GE(sleeps.at("earliest"), -1'000);
  EXPECT_LE(sleeps.at("latest"), patience);
}

TEST_P(Suspended, EveryTimerKeepsToItsClock) {
  DomainRig rig;
  sleep_for_hours(rig);
  for (const auto& [name, late] : rig.run({selftest(GetParam()), "timers"}).values()) {
    EXPECT_GE(late, -1'000) << name;
    EXPECT_LE(late, patience) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Suspended, ::testing::Values("dynamic", "static"));

}  // namespace
}  // namespace withstand::lab::clock
