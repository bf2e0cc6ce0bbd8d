#include "lab/clock/line.hpp"

#include <cmath>
#include <numbers>

#include <gtest/gtest.h>

#include "lab/clock/arithmetic.h"
#include "lab/clock/shapes.hpp"

namespace withstand::lab::clock {
namespace {

constexpr Ns origin = 5'000 * second;
constexpr Ns wall = 1'780'000'000 * second;  // 2026
const Base base{origin, wall};

ws_clock_line line_of(const std::vector<const Deviation*>& deviations, Ns now = origin) {
  ws_clock_line line{};
  EXPECT_EQ(fill(line, sum(base, deviations), now), WS_CLOCK_NEVER);
  return line;
}

TEST(ClockLine, WithoutDeviationsIsTheBase) {
  const auto line = line_of({});
  EXPECT_EQ(ws_line_value(&line, origin), wall);
  EXPECT_EQ(ws_line_value(&line, origin + 123'456'789), wall + 123'456'789);
  EXPECT_EQ(ws_line_value(&line, origin - second), wall - second);
}

TEST(ClockLine, AnOffsetBeginsAtItsNanosecond) {
  const Deviation later = offset(origin + 1'000, -3'600 * second);
  const auto line = line_of({&later});
  EXPECT_EQ(ws_line_value(&line, origin + 999), wall + 999);
  EXPECT_EQ(ws_line_value(&line, origin + 1'000), wall + 1'000 - 3'600 * second);
}

TEST(ClockLine, ADriftOfOnePpbIsExactToANanosecondAfterAYear) {
  const Deviation slow = drift(origin, rate_of_ppb(1));
  const auto line = line_of({&slow});
  const Ns year = 365 * day;
  EXPECT_NEAR(static_cast<double>(ws_line_value(&line, origin + year) - wall - year), 31'536'000.0, 60'000.0);
  const Deviation fast = drift(origin, rate_of_ppb(500'000));
  const auto other = line_of({&fast});
  EXPECT_NEAR(static_cast<double>(ws_line_value(&other, origin + 2'000 * second) - wall - 2'000 * second), 1e9, 10.0);
}

TEST(ClockLine, GainsLessThanANanosecondAddUp) {
  const Deviation slow = drift(origin, rate_of_ppb(100));  // 0.1 ns per millisecond
  const auto line = line_of({&slow});
  EXPECT_EQ(ws_line_value(&line, origin + 1'000'000) - wall - 1'000'000, 0);
  EXPECT_EQ(ws_line_value(&line, origin + 10'100'000) - wall - 10'100'000, 1);
}

TEST(ClockLine, StandsStillWhileFrozen) {
  const Deviation frozen = ended(freeze(origin + 10), origin + 5 * second);
  const auto line = line_of({&frozen});
  EXPECT_EQ(ws_line_value(&line, origin + second), wall + 10);
  EXPECT_EQ(ws_line_value(&line, origin + 5 * second - 1), wall + 10);
  EXPECT_EQ(ws_line_value(&line, origin + 5 * second), wall + 5 * second);
}

TEST(ClockLine, DeviationsAddUpAndEndAlone) {
  const Deviation jump = ended(offset(origin + second, 10 * second), origin + 3 * second);
  const Deviation fast =
      kept(drift(origin, true_rate), origin + 2 * second);  // twice as fast, then what was gained stays
  const auto line = line_of({&jump, &fast});
  EXPECT_EQ(ws_line_value(&line, origin + second - 1) - wall, 2 * second - 2);
  EXPECT_EQ(ws_line_value(&line, origin + second) - wall, 12 * second);
  EXPECT_EQ(ws_line_value(&line, origin + 2 * second) - wall, 14 * second);
  EXPECT_EQ(ws_line_value(&line, origin + 4 * second) - wall, 6 * second);
}

TEST(ClockLine, NeverLeavesTheYears1970To2262) {
  const Deviation back = offset(origin, -wall - 5 * second);
  const auto early = line_of({&back});
  EXPECT_EQ(ws_line_value(&early, origin + second), 0);
  const Deviation ahead = offset(origin, last_instant - wall - 10 * second);
  const auto late = line_of({&ahead});
  EXPECT_EQ(ws_line_value(&late, origin + 9 * second), last_instant - second);
  EXPECT_EQ(ws_line_value(&late, origin + 11 * second), last_instant);
  EXPECT_EQ(ws_line_value(&late, origin + 100 * 365 * day), last_instant);
  const Deviation reversed = drift(origin, -2 * true_rate);
  const auto down = line_of({&reversed});
  EXPECT_EQ(ws_line_value(&down, origin + wall + second), 0);
}

TEST(ClockLine, IsReachedAtTheFirstInstantThatShowsTheTarget) {
  const Deviation fast = drift(origin, rate_of_ppb(300'000'000));  // 1.3 times as fast
  const auto line = line_of({&fast});
  for (const Ns target : {wall + 1, wall + 1'000, wall + 77 * second + 12'345}) {
    const Ns due = ws_line_reach(&line, origin, target);
    EXPECT_GE(ws_line_value(&line, due), target);
    EXPECT_LT(ws_line_value(&line, due - 1), target);
  }
  EXPECT_EQ(ws_line_reach(&line, origin + second, wall), origin + second);
}

TEST(ClockLine, IsReachedAcrossJumpsAndNeverWhileFrozen) {
  const Deviation forward = offset(origin + 10 * second, 3'600 * second);
  const auto jump = line_of({&forward});
  EXPECT_EQ(ws_line_reach(&jump, origin, wall + 5 * second), origin + 5 * second);
  EXPECT_EQ(ws_line_reach(&jump, origin, wall + 60 * second), origin + 10 * second);
  EXPECT_EQ(ws_line_reach(&jump, origin, wall + 3'620 * second), origin + 20 * second);
  const Deviation backward = offset(origin + 10 * second, -3'600 * second);
  const auto set_back = line_of({&backward});
  EXPECT_EQ(ws_line_reach(&set_back, origin, wall + 20 * second), origin + 3'620 * second);
  const Deviation still = freeze(origin);
  const auto frozen = line_of({&still});
  EXPECT_EQ(ws_line_reach(&frozen, origin, wall + 1), WS_CLOCK_NEVER);
}

TEST(ClockLine, AStrobeIsAheadInEveryOtherHalf) {
  auto line = line_of({});
  line.strobes = 1;
  line.strobe[0] = {origin, origin + second, 10'000'000, 5'000'000'000};
  EXPECT_EQ(ws_line_value(&line, origin - 1), wall - 1);
  EXPECT_EQ(ws_line_value(&line, origin), wall + 5 * second);
  EXPECT_EQ(ws_line_value(&line, origin + 10'000'000), wall + 10'000'000);
  EXPECT_EQ(ws_line_value(&line, origin + 20'000'000), wall + 20'000'000 + 5 * second);
  EXPECT_EQ(ws_line_value(&line, origin + second), wall + second);
  // A wait for two seconds ends in the next half that is ahead.
  EXPECT_EQ(ws_line_reach(&line, origin + 10'000'001, wall + 2 * second), origin + 20'000'000);
}

TEST(ClockLine, ThePageHoldsWhatIsNextAndSaysWhenToRefill) {
  const Deviation curve = smear(origin + second, day, -second, Smear::cosine);
  const auto segments = sum(base, {&curve});
  ws_clock_line line{};
  Ns now = origin;
  int fills = 0;
  while (true) {
    const Ns again = fill(line, segments, now);
    ++fills;
    EXPECT_LE(line.segment[0].start, now);
    if (again == WS_CLOCK_NEVER) break;
    EXPECT_GT(again, now);
    now = again;
  }
  EXPECT_GT(fills, 64);
  EXPECT_EQ(ws_line_value(&line, origin + 2 * day), wall + 2 * day - second);
}

TEST(Smear, FollowsItsCurve) {
  const Deviation straight = smear(origin, day, -second, Smear::linear);
  EXPECT_NEAR(static_cast<double>(value_at(straight, origin + day / 4)), -0.25e9, 400.0);
  EXPECT_EQ(value_at(straight, origin + day), -second);
  const Deviation curve = smear(origin, day, -second, Smear::cosine);
  double worst = 0;
  for (int i = 0; i <= 10'000; ++i) {
    const Ns t = day / 10'000 * i;
    const double exact = -1e9 * (1 - std::cos(std::numbers::pi * i / 10'000)) / 2;
    worst = std::max(worst, std::abs(static_cast<double>(value_at(curve, origin + t)) - exact));
  }
  EXPECT_LT(worst, 60.0);
}

TEST(ClockLine, PassesATargetOnlyWhereItRunsThroughIt) {
  const Deviation jump = offset(origin + 10 * second, 100 * second);
  const auto segments = sum(base, {&jump});
  EXPECT_EQ(when_passing(segments, origin, wall + 5 * second), origin + 5 * second);
  EXPECT_EQ(when_passing(segments, origin, wall + 50 * second), WS_CLOCK_NEVER);
  EXPECT_EQ(when_passing(segments, origin, wall + 110 * second), WS_CLOCK_NEVER);  // it lands there
  EXPECT_EQ(when_passing(segments, origin, wall + 111 * second), origin + 11 * second);
}

}  // namespace
}  // namespace withstand::lab::clock
