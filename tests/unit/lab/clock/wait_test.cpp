#include <cerrno>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/timex.h>

#include "domain_rig.hpp"

namespace withstand::lab::clock {
namespace {

constexpr double early_ns = 0.5e6;     // ns: readings around a wait are not of one instant
constexpr double wait_patience = 5e9;  // the machine may be busy

const std::vector<std::string>& routes() {
  static const std::vector<std::string> all{"sleep",          "condition",  "semaphore", "mutex", "rwlock",
                                            "priority-mutex", "timer-file", "timer",     "queue"};
  return all;
}

class WaitsInADomain : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (::access(victim(GetParam()).c_str(), X_OK) != 0) GTEST_SKIP() << victim(GetParam()) << " was not built";
  }
};

/// Those who wait for an instant are told; who has made a span of it, as musl does, waits as on any kernel.
class WaitsOfGlibc : public WaitsInADomain {};

TEST_P(WaitsInADomain, LastAsLongAsTheyShouldAtAnOffset) {
  for (const Ns by : {Ns{0}, hour, -hour}) {
    DomainRig rig;
    if (by != 0) rig.jump(by);
    const auto outcome = rig.run({victim(GetParam()), "wait", "all", "200"});
    EXPECT_EQ(outcome.status, 0) << outcome.output;
    for (const auto& route : routes()) {
      const auto took = static_cast<double>(outcome.values()[route]);
      EXPECT_GE(took, 200e6 - early_ns) << route << " at " << by;
      EXPECT_LE(took, 200e6 + wait_patience) << route << " at " << by;
    }
    const auto converted = rig.coverage().waits + rig.coverage().timers;
    // glibc asks for some of them twice; musl makes spans of the instants of most.
    const bool all_are_instants = std::string(GetParam()) != "musl";
    EXPECT_EQ(converted >= (all_are_instants ? routes().size() : 1), by != 0);
  }
}

TEST_P(WaitsOfGlibc, EndAtOnceWhenTheClockJumpsPastTheirInstant) {
  for (const bool already_false : {false, true}) {
    for (const auto& route : routes()) {
      DomainRig rig;
      if (already_false) rig.jump(-second);
      const auto outcome = rig.run({victim(GetParam()), "wait", route, "20000"}, [&](const std::string& line) {
        if (line.rfind("begin-", 0) != 0) return;
        rig.serve_for(second / 5);  // let it fall asleep
        rig.jump(hour);
      });
      const auto took = static_cast<double>(outcome.values()[route]);
      EXPECT_GE(took, 100e6) << route << outcome.output;
      EXPECT_LE(took, 200e6 + wait_patience) << route << (already_false ? ", converted before" : ", begun before");
    }
  }
}

TEST_P(WaitsOfGlibc, LastLongerWhenTheClockIsSetBack) {
  for (const auto& route : routes()) {
    DomainRig rig;
    const auto outcome = rig.run({victim(GetParam()), "wait", route, "400"}, [&](const std::string& line) {
      if (line.rfind("begin-", 0) != 0) return;
      rig.serve_for(second / 10);
      rig.jump(-second / 2);
    });
    const auto took = static_cast<double>(outcome.values()[route]);
    EXPECT_GE(took, 900e6 - early_ns) << route << outcome.output;
    EXPECT_LE(took, 900e6 + wait_patience) << route;
  }
}

TEST_P(WaitsInADomain, AreShorterWhereTheClockIsFaster) {
  DomainRig rig;
  rig.change([](Domain& domain, Ns at) {
    Share share;
    share.deviation = drift(at, true_rate);
    domain.add(share, at);
  });
  const auto outcome = rig.run({victim(GetParam()), "wait", "all", "400"});
  for (const auto& route : routes()) {
    const auto took = static_cast<double>(outcome.values()[route]);
    EXPECT_GE(took, 200e6 - early_ns) << route;
    EXPECT_LE(took, 200e6 + wait_patience) << route;
  }
}

TEST_P(WaitsInADomain, TimersThatAskForItAreCancelledByAJump) {
  for (const char* route : {"cancelled-polling", "cancelled-reading"}) {
    DomainRig rig;
    const auto outcome = rig.run({victim(GetParam()), "wait", route, "20000"}, [&](const std::string& line) {
      if (line.rfind("begin-", 0) != 0) return;
      rig.serve_for(second / 5);
      rig.jump(second);
    });
    const auto took = static_cast<double>(outcome.values()[route]);
    EXPECT_GE(took, 100e6) << route << ": " << outcome.output;
    EXPECT_LE(took, 200e6 + wait_patience) << route;
  }
}

INSTANTIATE_TEST_SUITE_P(Programs, WaitsOfGlibc, ::testing::Values("dynamic", "static"));
INSTANTIATE_TEST_SUITE_P(Programs, WaitsInADomain, ::testing::Values("dynamic", "static", "musl"));

TEST(LeapInADomain, TimersAreOneSecondEarlyWhereNobodyToldThem) {
  DomainRig rig;
  rig.change([](Domain& domain, Ns at) {
    const Ns shown = domain.shown(WS_WALL, at);
    Share share;
    share.deviation = offset(at, (shown / day + 1) * day - 2 * second - shown);
    domain.add(share, at);
    domain.announce_leap(STA_INS, steady_now(), LeapEdge::exact, LeapTimers::second_early);
  });
  rig.serve_for(4 * second);
  EXPECT_EQ(rig.state().domain.early(), second);
  for (const auto& route : routes()) {
    const auto sub_second = static_cast<double>(rig.run({victim("dynamic"), "wait", route, "800"}).values()[route]);
    EXPECT_GE(sub_second, 0) << route;
    EXPECT_LE(sub_second, 500e6) << route;
    const auto longer = static_cast<double>(rig.run({victim("dynamic"), "wait", route, "1500"}).values()[route]);
    EXPECT_GE(longer, 500e6 - early_ns) << route;
    EXPECT_LE(longer, 1'400e6) << route;
  }
  rig.jump(second);  // as date -s did
  const auto right = static_cast<double>(rig.run({victim("dynamic"), "wait", "sleep", "800"}).values()["sleep"]);
  EXPECT_GE(right, 800e6 - early_ns);
}

TEST(DisciplineInADomain, IsReadAndCannotBeSetWithoutPrivilege) {
  DomainRig rig;
  rig.jump(hour);
  const auto seen = rig.run({victim("dynamic"), "discipline"}).values();
  EXPECT_EQ(seen.at("adjust"), EPERM);
  EXPECT_EQ(seen.at("set"), EPERM);
  EXPECT_NEAR(static_cast<double>(seen.at("sec")), static_cast<double>((machine_time().wall + hour) / second), 5.0);
  EXPECT_EQ(rig.coverage().refused_sets, 2U);
}

TEST(DisciplineInADomain, CanBeSetWhereTheDomainAllowsIt) {
  DomainRig rig;
  rig.state().may_set = true;
  const auto seen = rig.run({victim("dynamic"), "discipline"}).values();
  EXPECT_EQ(seen.at("adjust"), 0);
  EXPECT_EQ(seen.at("set"), 0);
  EXPECT_NEAR(static_cast<double>(rig.state().domain.shown(WS_WALL, steady_now()) / second), 1e9, 60.0);
}

}  // namespace
}  // namespace withstand::lab::clock
