#include <unistd.h>

#include <gtest/gtest.h>

#include "domain_rig.hpp"

namespace withstand::lab::clock {
namespace {

Ns true_time() { return machine_time().wall; }

class InADomain : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (::access(victim(GetParam()).c_str(), X_OK) != 0) GTEST_SKIP() << victim(GetParam()) << " was not built";
  }
};

/// Each clock by each route, against the true one.
TEST_P(InADomain, EveryRouteShowsTheDomainsClock) {
  DomainRig rig;
  rig.jump(hour);
  const MachineTime before = machine_time();
  const auto outcome = rig.run({victim(GetParam()), "read"});
  ASSERT_EQ(outcome.status, 0);
  EXPECT_EQ(rig.coverage().programs, 1U);
  EXPECT_EQ(rig.coverage().escaped, 0U);
  for (const auto& [route, shown] : outcome.values()) {
    const bool steady = route.find("monotonic") != std::string::npos;
    const Ns expected = steady                                        ? before.steady
                        : route.find("raw") != std::string::npos      ? before.raw
                        : route.find("boottime") != std::string::npos ? before.boot
                        : route.find("tai") != std::string::npos      ? before.wall + before.tai * second + hour
                                                                      : before.wall + hour;
    const Ns early = route.ends_with("time") ? second : 20'000'000;  // whole seconds, or a tick
    EXPECT_GE(shown, expected - early) << route;
    EXPECT_LE(shown, expected + 5 * second) << route;
  }
  EXPECT_EQ(outcome.values().size(), 18U) << outcome.output;
}

TEST_P(InADomain, ExecChainsStayInIt) {
  DomainRig rig;
  rig.jump(hour);
  const auto outcome =
      rig.run({victim(GetParam()), "exec", "/bin/sh", "-c",
               "no-such-program 2>/dev/null; /bin/env " + victim(GetParam()) + " exec /bin/date +'date %s'"});
  EXPECT_NEAR(static_cast<double>(outcome.values()["date"] * second), static_cast<double>(true_time() + hour), 5e9)
      << outcome.output;
  EXPECT_EQ(rig.coverage().escaped, 0U);
  EXPECT_EQ(rig.coverage().programs, 5U);  // victim, sh, env, victim, date
}

TEST_P(InADomain, AnExecByAnotherThreadStaysInIt) {
  DomainRig rig;
  rig.jump(hour);
  for (int round = 0; round < 20; ++round) {
    const auto outcome = rig.run({victim(GetParam()), "exec-by-thread", "/bin/date", "+date %s"});
    EXPECT_NEAR(static_cast<double>(outcome.values()["date"] * second), static_cast<double>(true_time() + hour), 5e9)
        << outcome.output;
  }
  EXPECT_EQ(rig.coverage().escaped, 0U);
  EXPECT_EQ(rig.coverage().programs, 40U);
}

INSTANTIATE_TEST_SUITE_P(Programs, InADomain, ::testing::Values("dynamic", "static", "musl"));

struct Language {
  const char* program;
  std::vector<std::string> arguments;
};

class Languages : public ::testing::TestWithParam<Language> {};

TEST_P(Languages, ShowTheDomainsClock) {
  const auto path = program(GetParam().program);
  if (path.empty()) GTEST_SKIP() << GetParam().program << " is not installed";
  DomainRig rig;
  rig.jump(-20 * 365 * 24 * hour);
  std::vector<std::string> argv{path};
  argv.insert(argv.end(), GetParam().arguments.begin(), GetParam().arguments.end());
  const auto outcome = rig.run(argv);
  const auto seconds = outcome.values()["now"];
  EXPECT_NEAR(static_cast<double>(seconds), static_cast<double>((true_time() - 20 * 365 * 24 * hour) / second), 20.0)
      << outcome.output;
  EXPECT_EQ(rig.coverage().escaped, 0U);
}

INSTANTIATE_TEST_SUITE_P(Programs, Languages,
                         ::testing::Values(Language{"python3", {"-c", "import time; print('now', int(time.time()))"}},
                                           Language{"node",
                                                    {"-e", "console.log('now', Math.floor(Date.now() / 1000))"}},
                                           Language{"perl", {"-e", "print 'now ', time, \"\\n\""}},
                                           Language{"bash", {"-c", "printf 'now %(%s)T\\n' -1"}},
                                           Language{"java", {WITHSTAND_SOURCE_DIR "/tests/programs/ClockNow.java"}}),
                         [](const auto& language) { return std::string(language.param.program); });

TEST(ExecInADomain, AProgramThatIsTracedIsReported) {
  const auto strace = program("strace");
  const auto gdb = program("gdb");
  if (strace.empty() && gdb.empty()) GTEST_SKIP() << "neither strace nor gdb is installed";
  DomainRig rig;
  rig.jump(hour);
  const auto outcome = strace.empty()
                           ? rig.run({gdb, "-q", "-batch", "-ex", "run", "--args", victim("dynamic"), "read"})
                           : rig.run({strace, "-o", "/dev/null", victim("dynamic"), "read"});
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  ASSERT_GE(rig.coverage().escaped, 1U);
  EXPECT_NE(rig.coverage().escapes[0].why.find("traces"), std::string::npos);
}

TEST(SwitchInADomain, NoReadingThatBeginsAfterItShowsWhatWasBefore) {
  for (int round = 0; round < 3; ++round) {
    DomainRig rig;
    Supervisor::Switch made;
    const auto outcome = rig.run({victim("dynamic"), "spin", "4", "4", "50000"}, [&](const std::string& line) {
      if (line.rfind("begin-", 0) != 0) return;
      rig.serve_for(second / 5);
      made = rig.jump(hour);
    });
    const auto values = outcome.values();
    ASSERT_EQ(values.count("last-old"), 1U) << outcome.output;
    EXPECT_LT(values.at("last-old"), std::max(made.at, made.published));
    EXPECT_GE(values.at("first-new"), made.at);
  }
}

TEST(ExecInADomain, ManyExecsAllSeeIt) {
  DomainRig rig;
  rig.jump(hour);
  const auto outcome =
      rig.run({"/bin/sh", "-c", "i=0; while [ $i -lt 100 ]; do /bin/date +'date %s' & i=$((i + 1)); done; wait"});
  std::istringstream lines(outcome.output);
  int seen = 0;
  for (std::string name; lines >> name;) {
    std::int64_t value = 0;
    lines >> value;
    ++seen;
    EXPECT_NEAR(static_cast<double>(value * second), static_cast<double>(true_time() + hour), 60e9);
  }
  EXPECT_EQ(seen, 100);
  EXPECT_EQ(rig.coverage().programs, 101U);  // sh, date
  EXPECT_EQ(rig.coverage().escaped, 0U);
}

TEST(ExecInADomain, KilledInTheMiddleOfItNothingHangs) {
  if (program("bash").empty()) GTEST_SKIP() << "bash is not installed";
  DomainRig rig;
  const auto outcome = rig.run(
      {program("bash"), "-c", "for i in $(seq 60); do /bin/sleep 5 & kill -9 $!; done; wait 2>/dev/null; echo done 1"});
  EXPECT_EQ(outcome.values().count("done"), 1U);
  EXPECT_EQ(rig.coverage().escaped, 0U);
}

}  // namespace
}  // namespace withstand::lab::clock
