// The kernel's self-tests of clocks and timers, inside a domain whose clock is false.

#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/timex.h>

#include "domain_rig.hpp"

namespace withstand::lab::clock {
namespace {

constexpr std::int64_t never_early = -1'000;      // ns: readings around a wait are not of one instant
constexpr std::int64_t patience = 4'000'000'000;  // ns: the machine may be busy

std::string selftest(const std::string& kind) { return WITHSTAND_BINARY_DIR "/tests/clock-selftest-" + kind; }

std::vector<std::string> rows_of(const std::string& output) {
  std::vector<std::string> rows;
  std::istringstream lines(output);
  for (std::string name, value; lines >> name >> value;)
    if (name == "row") rows.push_back(value);
  return rows;
}

Supervisor::Switch drift_by(DomainRig& rig, std::int64_t ppb) {
  return rig.change([ppb](Domain& domain, Ns at) {
    Share share;
    share.deviation = drift(at, rate_of_ppb(ppb));
    domain.add(share, at);
  });
}

class Selftest : public ::testing::TestWithParam<const char*> {
 protected:
  DomainRig::Outcome run(DomainRig& rig, const std::string& what, const std::string& amount = "0") {
    auto outcome = rig.run({selftest(GetParam()), what, amount});
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    return outcome;
  }
};

// leap-a-day: the states, the second that comes twice, and no timer that ends before midnight.
TEST_P(Selftest, ALeapSecondThatTheProgramAnnouncesIsInserted) {
  DomainRig rig;
  rig.state().may_set = true;
  const auto outcome = run(rig, "leap-insert");
  EXPECT_EQ(rows_of(outcome.output),
            (std::vector<std::string>{"-4/0/37", "-3/1/37", "-2/1/37", "-1/1/37", "-1/3/38", "0/4/38", "1/4/38"}));
  EXPECT_GE(outcome.values()["woke-after-midnight"], 0);
  EXPECT_GE(outcome.values()["back"], 500'000'000);
  EXPECT_EQ(outcome.values()["state-in-the-end"], TIME_OK);
}

TEST_P(Selftest, ALeapSecondThatTheProgramAnnouncesIsLeftOut) {
  DomainRig rig;
  rig.state().may_set = true;
  const auto outcome = run(rig, "leap-delete");
  EXPECT_EQ(rows_of(outcome.output),
            (std::vector<std::string>{"-4/0/37", "-3/2/37", "-2/2/37", "0/4/36", "1/4/36", "2/4/36", "3/4/36"}));
  EXPECT_GE(outcome.values()["woke-after-midnight"], 0);
  EXPECT_EQ(outcome.values()["back"], 0);
}

// leapcrash: twenty midnights with flags that come and go.
TEST_P(Selftest, FlagsThatComeAndGoLeaveNoStateBehind) {
  DomainRig rig;
  rig.state().may_set = true;
  const auto values = run(rig, "leap-storm").values();
  EXPECT_EQ(values.at("state"), TIME_OK);
  EXPECT_GE(values.at("after-midnight"), second);
  EXPECT_LE(values.at("after-midnight"), 3 * second + patience);
}

// inconsistency-check, while the clock is made to run fast and slow in turns (skew_consistency).
TEST_P(Selftest, NoClockGoesBackWhileItsSpeedChanges) {
  DomainRig rig;
  rig.jump(hour);
  const auto outcome = rig.run({"/bin/sh", "-c", "echo begin 1; exec " + selftest(GetParam()) + " consistency 1500"},
                               [&](const std::string& line) {
                                 if (line != "begin 1") return;
                                 Domain::Handle last = 0;
                                 for (int turn = 0; turn < 20; ++turn) {
                                   rig.serve_for(second / 20);
                                   rig.change([&](Domain& domain, Ns at) {
                                     if (last != 0) domain.keep(last, at);
                                     Share share;
                                     share.deviation = drift(at, rate_of_ppb(turn % 2 == 0 ? 500'000 : -500'000));
                                     last = domain.add(share, at);
                                   });
                                 }
                               });
  const auto values = outcome.values();
  EXPECT_GT(values.at("readings"), 100) << outcome.output;
  for (const auto& [name, back] : values)
    EXPECT_TRUE(name == "readings" || name == "begin" || back == 0) << name << ": " << back;
}

// set-2038: readings and a wait across the end of 32-bit time.
TEST_P(Selftest, ThirtyTwoBitTimeEndsLikeAnyOther) {
  DomainRig rig;
  rig.state().may_set = true;
  const auto values = run(rig, "year-2038").values();
  EXPECT_GE(values.at("waited"), 3 * second + never_early - second / 1000);
  EXPECT_LE(values.at("waited"), 3 * second + patience);
  EXPECT_GE(values.at("shown"), 2 * second);
  EXPECT_GE(values.at("time"), 1);
  EXPECT_GE(values.at("gettimeofday"), 2);
}

// nanosleep: none too early, by any clock, of any length, at any speed.
TEST_P(Selftest, NoSleepEndsEarly) {
  for (const std::int64_t ppb : {0L, 400'000'000L, -300'000'000L}) {
    DomainRig rig;
    rig.jump(-hour);
    if (ppb != 0) drift_by(rig, ppb);
    const auto values = run(rig, "sleeps").values();
    // A span is of true time, which a fast clock shows as more, a slow one as less.
    const auto least = ppb < 0 ? -100'000'000 * 3 / 10 : never_early;
    EXPECT_GE(values.at("earliest"), least) << ppb;
    EXPECT_LE(values.at("latest"), patience) << ppb;
  }
}

// posix_timers, set-timer-lat: by every clock, none early, and how late.
TEST_P(Selftest, NoTimerEndsEarly) {
  DomainRig rig;
  rig.jump(hour);
  const auto values = run(rig, "timers").values();
  EXPECT_EQ(values.size(), 16U);
  for (const auto& [name, late] : values) {
    EXPECT_GE(late, never_early) << name;
    EXPECT_LE(late, patience) << name;
  }
  const auto intervals = run(rig, "intervals").values();
  for (const auto& [name, late] : intervals) {
    EXPECT_GE(late, name == "real" ? never_early : -20'000'000) << name;  // processor time is counted in ticks
    EXPECT_LE(late, patience) << name;
  }
}

TEST_P(Selftest, ATimerFileTellsWhatIsLeftOfIt) {
  DomainRig rig;
  rig.jump(hour);
  const auto values = run(rig, "timer-file").values();
  EXPECT_GT(values.at("left"), 0);
  EXPECT_LE(values.at("left"), 300'000'000);
  EXPECT_EQ(values.at("interval"), 30'000'000);
  EXPECT_GE(values.at("late"), never_early);
  EXPECT_LE(values.at("late"), patience);
  EXPECT_EQ(values.at("old-interval"), 30'000'000);
}

// raw_skew, change_skew: the speed that was asked for, and no other clock's.
TEST_P(Selftest, TheWallClockRunsAsFastAsItShould) {
  for (const std::int64_t ppb : {0L, 6'000'000L, -500'000L}) {
    DomainRig rig;
    if (ppb != 0) drift_by(rig, ppb);
    const auto values = run(rig, "skew", "1000").values();
    EXPECT_NEAR(static_cast<double>(values.at("wall-by-monotonic")), static_cast<double>(ppb), 100'000.0);
    EXPECT_NEAR(static_cast<double>(values.at("raw-by-monotonic")), 0, 600'000.0);
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, Selftest, ::testing::Values("dynamic", "static"));

}  // namespace
}  // namespace withstand::lab::clock
