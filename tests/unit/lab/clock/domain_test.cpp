#include "lab/clock/domain.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

#include "lab/clock/arithmetic.h"
#include "lab/clock/shapes.hpp"

namespace withstand::lab::clock {
namespace {

constexpr Ns start = 5'000 * second;
constexpr Ns midnight = 1'483'228'800 * second;
constexpr int tai = 36;

MachineTime machine(Ns wall) { return {start, wall, start + 7, start - 11, tai}; }

Share share(Deviation deviation) {
  Share made;
  made.deviation = std::move(deviation);
  return made;
}

TEST(ClockDomain, ShowsTheMachineUntilSomethingIsAsked) {
  Domain domain(machine(midnight));
  EXPECT_TRUE(domain.untouched(WS_WALL));
  ws_clock_page page{};
  domain.publish(page, start);
  for (const auto& line : page.line) EXPECT_EQ(line.identity, 1U);
  EXPECT_EQ(domain.next_event(), INT64_MAX);
}

TEST(ClockDomain, AJumpMovesWallAndTaiButNoOther) {
  Domain domain(machine(midnight));
  const auto handle = domain.add(share(offset(start + 100, 3'600 * second)), start);
  EXPECT_EQ(domain.shown(WS_WALL, start + 99), midnight + 99);
  EXPECT_EQ(domain.shown(WS_WALL, start + 100), midnight + 100 + 3'600 * second);
  EXPECT_EQ(domain.shown(WS_TAI, start + 100), midnight + 100 + (3'600 + tai) * second);
  EXPECT_EQ(domain.shown(WS_STEADY, start + 100), start + 100);
  EXPECT_TRUE(domain.untouched(WS_STEADY));
  domain.remove(handle, start + second);
  EXPECT_EQ(domain.shown(WS_WALL, start + second), midnight + second);
  domain.advance(start + 2 * second);
  EXPECT_TRUE(domain.untouched(WS_WALL));
}

TEST(ClockDomain, ASteadyShareMovesEveryClock) {
  Domain domain(machine(midnight));
  Share slow = share(drift(start, rate_of_ppb(100'000'000)));
  slow.lines = every_line;
  domain.add(slow, start);
  ws_clock_page page{};
  domain.publish(page, start);
  const Ns t = start + 10 * second;
  EXPECT_EQ(ws_line_value(&page.line[WS_WALL], t), midnight + 11 * second);
  EXPECT_EQ(ws_line_value(&page.line[WS_STEADY], t), start + 11 * second);
  EXPECT_EQ(ws_line_value(&page.line[WS_BOOT], t), start + 7 + 11 * second);
  EXPECT_EQ(ws_line_value(&page.line[WS_RAW], t - 5'000 * second + start - 11 - start + 5'000 * second),
            start - 11 + 11 * second);
}

TEST(ClockDomain, AClockCannotBeSetToBefore1970OrBeyond2262) {
  Domain domain(machine(midnight));
  EXPECT_THROW(domain.add(share(offset(start, -midnight - second)), start), std::invalid_argument);
  EXPECT_THROW(domain.add(share(offset(start, last_instant)), start), std::invalid_argument);
}

TEST(ClockDomain, InsertsALeapSecondAtItsNanosecond) {
  Domain domain(machine(midnight - 5 * second - 250'000'000));
  domain.announce_leap(STA_INS, start, LeapEdge::exact);
  EXPECT_EQ(domain.next_event(), start + 250'000'000);  // with the next second it is planned
  domain.advance(domain.next_event());
  EXPECT_EQ(domain.next_event(), INT64_MIN);  // and is to be published
  const Ns leap = start + 5 * second + 250'000'000;
  EXPECT_EQ(domain.planned_leap(), leap);
  ws_clock_page page{};
  domain.publish(page, start + second);
  EXPECT_EQ(domain.next_event(), leap);
  const auto& wall = page.line[WS_WALL];
  EXPECT_EQ(ws_line_value(&wall, leap - 1), midnight - 1);
  EXPECT_EQ(ws_line_value(&wall, leap), midnight - second);
  EXPECT_EQ(ws_line_value(&wall, leap + second), midnight);
  EXPECT_EQ(domain.shown(WS_TAI, leap + second), midnight + second + tai * second);
  EXPECT_TRUE(domain.untouched(WS_TAI));
  timex request{};
  EXPECT_EQ(domain.adjust(request, leap + 1), TIME_OOP);
  EXPECT_EQ(request.tai, tai + 1);
  EXPECT_EQ(request.time.tv_sec, midnight / second - 1);
  EXPECT_EQ(domain.adjust(request, leap + second), TIME_WAIT);
  EXPECT_EQ(domain.shown(WS_WALL, leap + 2 * second), midnight + second);
}

TEST(ClockDomain, ATickEdgeShowsMidnightForAMoment) {
  Domain domain(machine(midnight - 5 * second - 1'000'000));
  domain.announce_leap(STA_INS, start, LeapEdge::tick);
  domain.advance(start + second);
  const Ns leap = domain.planned_leap();
  EXPECT_EQ(domain.shown(WS_WALL, leap), midnight);
  EXPECT_EQ(domain.shown(WS_WALL, leap + 2'999'999), midnight + 2'999'999);
  EXPECT_EQ(domain.shown(WS_WALL, leap + 3'000'000), midnight - second + 3'000'000);
  timex request{};
  EXPECT_EQ(domain.adjust(request, leap + 1'000'000), TIME_OOP);
  EXPECT_EQ(domain.shown(WS_WALL, leap + second), midnight);
}

TEST(ClockDomain, DeletesALeapSecond) {
  Domain domain(machine(midnight - 5 * second));
  domain.announce_leap(STA_DEL, start, LeapEdge::exact);
  domain.advance(start + second);
  const Ns leap = start + 4 * second;
  EXPECT_EQ(domain.planned_leap(), leap);
  EXPECT_EQ(domain.shown(WS_WALL, leap - 1), midnight - second - 1);
  EXPECT_EQ(domain.shown(WS_WALL, leap), midnight);
}

TEST(ClockDomain, APlannedLeapFollowsTheClockThatIsSetOrSpedUp) {
  Domain domain(machine(midnight - 1'000 * second));
  domain.announce_leap(STA_INS, start, LeapEdge::exact);
  domain.advance(start + second);
  EXPECT_EQ(domain.planned_leap(), start + 1'000 * second);
  domain.add(share(drift(start + second, 9 * true_rate)), start + second);  // ten times as fast
  EXPECT_EQ(domain.planned_leap(), start + second + 99'900'000'000);
  // To what a daemon announces, a step of the clock does nothing: it is announced again.
  domain.add(share(offset(start + 2 * second, 100 * second)), start + second);
  domain.advance(start + 2 * second);
  domain.advance(start + 2 * second + 200'000'000);
  EXPECT_EQ(domain.planned_leap(), start + 2 * second + 88'900'000'000);
}

TEST(ClockDomain, WithdrawnLeapsAreUndone) {
  Domain domain(machine(midnight - 2 * second));
  domain.announce_leap(STA_INS, start, LeapEdge::exact);
  domain.advance(start + second);
  domain.advance(start + 4 * second);
  EXPECT_EQ(domain.shown(WS_WALL, start + 4 * second), midnight + second);
  domain.withdraw_leaps(start + 5 * second);
  EXPECT_EQ(domain.shown(WS_WALL, start + 5 * second), midnight + 3 * second);
  domain.advance(start + 6 * second);
  EXPECT_TRUE(domain.untouched(WS_WALL));
}

TEST(ClockDomain, AProgramMaySetItsClockAndTai) {
  Domain domain(machine(midnight));
  domain.set_wall(1'000 * second, start);
  EXPECT_EQ(domain.shown(WS_WALL, start + 5), 1'000 * second + 5);
  timex request{};
  request.modes = ADJ_TAI;
  request.constant = 37;
  domain.adjust(request, start + second);
  EXPECT_EQ(domain.shown(WS_TAI, start + second) - domain.shown(WS_WALL, start + second), 37 * second);
}

}  // namespace
}  // namespace withstand::lab::clock
