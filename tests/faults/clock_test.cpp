#include <cmath>
#include <ctime>
#include <fstream>
#include <sstream>

#include "core/clocks.hpp"
#include "fault_fixture.hpp"

namespace withstand::faults::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string writes_dates = "while :; do date +%s.%N >> $HOME/dates; sleep 0.1; done";
const std::string victim = WITHSTAND_BINARY_DIR "/tests/clock-victim-dynamic";

double now() { return static_cast<double>(std::time(nullptr)); }

/// Each node has a clock of its own; what it shows is told by programs that run in it.
class ClockTest : public FaultTest {
 protected:
  void SetUp() override {
    own_clocks_ = true;
    FaultTest::SetUp();
  }

  /// `date` in the node, minus the machine's.
  double ahead(core::NodeId node) {
    const auto result = run(node, "date +%s.%N");
    return std::atof(result.output.c_str()) - now();
  }
  /// The last line that the target itself has written.
  double target_ahead(core::NodeId node) {
    std::ifstream file(data(node, "dates"));
    std::string last;
    for (std::string line; std::getline(file, line);)
      if (!line.empty()) last = line;
    return std::atof(last.c_str()) - now();
  }
  core::Injection& inject_clock(const std::string& kind, std::map<std::string, spec::Value> parameters) {
    return inject(kind, std::move(parameters), {{0}, {}});
  }
  static std::string rows(core::Injection& injection) {
    std::string text;
    for (const auto& row : injection.observe().rows)
      text += fmt::format("{}: {} / {} / {}\n", row.what, row.requested, row.measured, core::to_text(row.judgement));
    return text;
  }
};

TEST_F(ClockTest, AJumpIsSeenInItsNodeAndInNoOther) {
  auto& lab = launch(writes_dates, 2);
  ASSERT_TRUE(wait([&] { return std::abs(target_ahead(0)) < 30; }));
  auto& jump = inject_clock("clock.jump", {{"by", spec::Duration(-hours(1))}});
  EXPECT_NEAR(ahead(0), -3600, 5);
  EXPECT_NEAR(ahead(1), 0, 5);
  EXPECT_TRUE(wait([&] { return std::abs(target_ahead(0) + 3600) < 5; })) << target_ahead(0);
  EXPECT_TRUE(jump.observe().took_effect()) << rows(jump);
  jump.revert();
  EXPECT_NEAR(ahead(0), 0, 5);
  EXPECT_TRUE(jump.observe().took_effect()) << rows(jump);
  static_cast<void>(lab);
}

TEST_F(ClockTest, ANodeThatStartsAgainKeepsItsClock) {
  auto& lab = launch(writes_dates, 1);
  auto& jump = inject_clock("clock.offset", {{"by", spec::Duration(hours(5))}});
  lab.kill(0, "test");
  ASSERT_TRUE(wait([&] { return lab.state(0).phase == core::NodeState::Phase::exited; }));
  std::filesystem::remove(data(0, "dates"));
  lab.start(0);
  EXPECT_TRUE(wait([&] { return std::abs(target_ahead(0) - 18'000) < 5; })) << target_ahead(0);
  EXPECT_TRUE(jump.observe().took_effect()) << rows(jump);
}

TEST_F(ClockTest, TwoFaultsOnOneClockAddUpAndEndAlone) {
  launch(writes_dates, 1);
  auto& hour = inject_clock("clock.jump", {{"by", spec::Duration(hours(1))}});
  auto& day = inject_clock("clock.offset", {{"by", spec::Duration(hours(24))}});
  EXPECT_NEAR(ahead(0), 90'000, 5);
  hour.revert();
  EXPECT_NEAR(ahead(0), 86'400, 5);
  day.revert();
  EXPECT_NEAR(ahead(0), 0, 5);
}

TEST_F(ClockTest, AFrozenClockStandsStillAndAFastOneRuns) {
  launch(writes_dates, 1);
  auto& freeze = inject_clock("clock.freeze", {});
  const auto first = run(0, "date +%s.%N").output;
  const auto start = core::now();
  ASSERT_TRUE(wait([&] { return core::now() > start + milliseconds(1500); }));
  EXPECT_EQ(run(0, "date +%s.%N").output, first);
  EXPECT_TRUE(freeze.observe().took_effect()) << rows(freeze);
  freeze.revert();
  auto& drift = inject_clock("clock.drift", {{"fast", spec::Ratio{1'000'000'000'000}}});
  const auto then = core::now();
  ASSERT_TRUE(wait([&] { return core::now() > then + seconds(1); }));
  EXPECT_GT(ahead(0), 900);
  EXPECT_TRUE(drift.observe().took_effect()) << rows(drift);
}

TEST_F(ClockTest, AStrobedClockIsSeenAheadAndTrue) {
  launch(writes_dates, 1);
  auto& strobe = inject_clock("clock.strobe",
                              {{"by", spec::Duration(seconds(100))}, {"period", spec::Duration(milliseconds(10))}});
  bool high = false, low = false;
  for (int tries = 0; tries < 100 && !(high && low); ++tries) (ahead(0) > 50 ? high : low) = true;
  EXPECT_TRUE(high && low);
  EXPECT_TRUE(strobe.observe().took_effect()) << rows(strobe);
}

TEST_F(ClockTest, ADateBeyondThirtyTwoBitsIsShown) {
  launch(writes_dates, 1);
  auto& date = inject_clock("clock.start-at", {{"date", std::string("2038-01-19T03:14:07Z")}, {"speed", 1.0}});
  const auto shown = run(0, "date -u +%Y-%m-%dT%H:%M").output;
  EXPECT_EQ(shown, "2038-01-19T03:14\n");
  EXPECT_TRUE(date.observe().took_effect()) << rows(date);
}

TEST_F(ClockTest, ALeapSecondPassesThroughItsStates) {
  launch(writes_dates, 1);
  auto& leap =
      inject_clock("clock.leap-insert", {{"before", spec::Duration(seconds(2))}, {"edge", std::string("exact")}});
  const auto seen = run(0, victim + " watch 5", seconds(15)).output;
  std::istringstream lines(seen);
  std::string states;
  long long before = 0, back = 0;
  int tai_before = -1, tai_after = -1;
  for (long long wall = 0, state = 0, tai = 0; lines >> wall >> state >> tai; before = wall) {
    const char digit = static_cast<char>('0' + state);
    if (states.empty() || states.back() != digit) states += digit;
    if (tai_before < 0) tai_before = static_cast<int>(tai);
    tai_after = static_cast<int>(tai);
    if (before > wall) {
      ++back;
      EXPECT_NEAR(static_cast<double>(before - wall), 1e9 - 20e6, 200e6);
    }
  }
  EXPECT_EQ(back, 1);
  EXPECT_TRUE(states == "0134" || states == "134") << states;  // TIME_OK, _INS, _OOP, _WAIT
  EXPECT_EQ(tai_after, tai_before + 1);
  EXPECT_TRUE(leap.observe().took_effect()) << rows(leap);
  leap.revert();
  EXPECT_NEAR(ahead(0), 0, 5);
}

TEST_F(ClockTest, ASmearedSecondEndsASecondBehind) {
  launch(writes_dates, 1);
  auto& smear = inject_clock(
      "clock.smear",
      {{"over", spec::Duration(seconds(2))}, {"shape", std::string("cosine")}, {"leap", std::string("insert")}});
  const auto start = core::now();
  ASSERT_TRUE(wait([&] { return core::now() > start + milliseconds(2500); }));
  const auto row = smear.observe().rows.front();
  EXPECT_NEAR(std::atof(row.measured.c_str()), -1, 1e-5) << row.measured;
  EXPECT_TRUE(smear.observe().took_effect()) << rows(smear);
}

TEST_F(ClockTest, ASuspendedNodeStandsStillAndItsMonotonicClockDoesNotKnow) {
  more_claims_.push_back({core::Claim::Medium::filter, {0}, {}});
  launch(writes_dates, 1);
  ASSERT_TRUE(wait([&] { return std::abs(target_ahead(0)) < 30; }));
  auto& suspend = inject_clock("clock.suspend", {{"sleep", spec::Duration(hours(8))}});
  const auto begun = core::now();
  const auto size = std::filesystem::file_size(data(0, "dates"));
  ASSERT_TRUE(wait([&] { return core::now() > begun + seconds(3); }));
  EXPECT_EQ(std::filesystem::file_size(data(0, "dates")), size);
  suspend.revert();
  const auto asleep = core::now() - begun;
  EXPECT_TRUE(wait([&] { return std::abs(target_ahead(0) - 28'797) < 10; })) << target_ahead(0);
  EXPECT_TRUE(suspend.observe().took_effect()) << rows(suspend);
  const auto before = core::now();
  std::istringstream seen(run(0, victim + " read").output);
  std::map<std::string, long long> shown;
  for (std::string name, value; seen >> name >> value;) shown[name] = std::atoll(value.c_str());
  const auto steady = before.count();
  EXPECT_NEAR(static_cast<double>(shown["libc-monotonic"] - steady), -static_cast<double>(asleep.count()), 2e9);
  EXPECT_NEAR(static_cast<double>(shown["libc-boottime"] - shown["libc-monotonic"]), 28'800e9, 1e9);
}

TEST_F(ClockTest, ItsProgramsMaySetAClockThatIsSettable) {
  launch(writes_dates, 2);
  const std::string set = "date -u -s 2030-01-01T00:00:00";
  EXPECT_NE(run(0, set).exit_status, 0);
  auto& settable = inject_clock("clock.settable", {});
  EXPECT_FALSE(settable.observe().took_effect());
  EXPECT_EQ(run(0, set).exit_status, 0);
  EXPECT_EQ(run(0, "date -u +%Y-%m-%d").output, "2030-01-01\n");
  EXPECT_TRUE(wait([&] { return target_ahead(0) > 86'400; }));
  EXPECT_NEAR(ahead(1), 0, 5);
  EXPECT_TRUE(settable.observe().took_effect()) << rows(settable);
  settable.revert();
  EXPECT_NEAR(ahead(0), 0, 5);
  EXPECT_NE(run(0, set).exit_status, 0);
}

TEST_F(ClockTest, TheProcessorTimeThatEarlyTimersBurnIsMeasured) {
  // Each wait of a tenth of a second by the wall clock; where it ends at once, the next begins.
  launch(
      "exec python3 -c 'import threading, time, ctypes\n"
      "class T(ctypes.Structure): _fields_ = [(\"s\", ctypes.c_long), (\"n\", ctypes.c_long)]\n"
      "libc = ctypes.CDLL(None)\n"
      "while True:\n"
      "  due = time.time() + 0.1\n"
      "  libc.clock_nanosleep(0, 1, ctypes.byref(T(int(due), int(due % 1 * 1e9))), None)\n"
      "  sum(range(2000))\n'",
      1);
  auto& leap = inject_clock(
      "clock.leap-insert",
      {{"before", spec::Duration(seconds(2))}, {"edge", std::string("exact")}, {"model", std::string("hrtimer2012")}});
  double before = 1, since = 0;
  const auto measured = [&] {
    for (const auto& row : leap.observe().rows)
      if (row.what.starts_with("processor time") &&
          std::sscanf(row.measured.c_str(), "%lf processors before the leap second, %lf", &before, &since) == 2)
        return since > 5 * before && since > 0.1;
    return false;
  };
  EXPECT_TRUE(wait(measured, seconds(20))) << rows(leap);
  EXPECT_TRUE(leap.observe().took_effect()) << rows(leap);
}

TEST_F(ClockTest, AProgramThatEscapesIsNoPass) {
  if (std::system("command -v strace > /dev/null") != 0) GTEST_SKIP() << "strace is not installed";
  launch(writes_dates, 1);
  auto& jump = inject_clock("clock.jump", {{"by", spec::Duration(hours(1))}});
  run(0, "strace -o /dev/null date");
  const auto evidence = jump.observe();
  EXPECT_FALSE(evidence.took_effect());
  EXPECT_NE(rows(jump).find("another process traces it"), std::string::npos) << rows(jump);
}

TEST_F(ClockTest, AClockThatWouldShowTheYear1960IsRefused) {
  launch(writes_dates, 1);
  EXPECT_THROW(inject_clock("clock.jump", {{"by", spec::Duration(-hours(24 * 365 * 66))}}), core::CannotAim);
}

}  // namespace
}  // namespace withstand::faults::testing
