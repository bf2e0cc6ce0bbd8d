#include "lab/clock/ntp_state.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace withstand::lab::clock {
namespace {

constexpr std::int64_t midnight = 1'483'228'800;  // 2017-01-01, before which a second was inserted
constexpr int tai = 36;

/// What adjtimex(2) says in the middle of a second of CLOCK_TAI.
struct Seen {
  int state;
  std::int64_t sec;
  int tai;
  bool operator==(const Seen&) const = default;
};

Seen look(NtpState& ntp, std::int64_t tai_second) {
  timex request{};
  const int state = ntp.adjust(request, tai_second, 500'000'000);
  return {state, request.time.tv_sec, request.tai};
}

NtpState announced(int flag, std::int64_t from) {
  NtpState ntp(tai);
  ntp.advance(from + tai);
  ntp.announce(flag);
  return ntp;
}

TEST(NtpState, InsertsASecondAsTheKernelDoes) {
  NtpState ntp = announced(STA_INS, midnight - 10);
  const std::int64_t first = midnight - 10 + tai;
  EXPECT_EQ(look(ntp, first), (Seen{TIME_OK, midnight - 10, tai}));
  EXPECT_EQ(look(ntp, first + 1), (Seen{TIME_INS, midnight - 9, tai}));
  EXPECT_EQ(ntp.leap(), (NtpState::Leap{midnight, -1}));
  EXPECT_EQ(look(ntp, first + 9), (Seen{TIME_INS, midnight - 1, tai}));
  EXPECT_EQ(look(ntp, first + 10), (Seen{TIME_OOP, midnight - 1, tai + 1}));
  EXPECT_EQ(look(ntp, first + 11), (Seen{TIME_WAIT, midnight, tai + 1}));
  EXPECT_EQ(look(ntp, first + 12), (Seen{TIME_WAIT, midnight + 1, tai + 1}));
  timex clear{};
  clear.modes = ADJ_STATUS;
  EXPECT_EQ(ntp.adjust(clear, first + 12, 0), TIME_WAIT);
  EXPECT_EQ(look(ntp, first + 13), (Seen{TIME_OK, midnight + 2, tai + 1}));
}

TEST(NtpState, DeletesASecondAsTheKernelDoes) {
  NtpState ntp = announced(STA_DEL, midnight - 10);
  const std::int64_t first = midnight - 10 + tai;
  EXPECT_EQ(look(ntp, first + 8), (Seen{TIME_DEL, midnight - 2, tai}));
  EXPECT_EQ(ntp.leap(), (NtpState::Leap{midnight - 1, 1}));
  EXPECT_EQ(look(ntp, first + 9), (Seen{TIME_WAIT, midnight, tai - 1}));
  EXPECT_EQ(look(ntp, first + 10), (Seen{TIME_WAIT, midnight + 1, tai - 1}));
}

TEST(NtpState, AnAnnouncementThatIsWithdrawnDoesNothing) {
  NtpState ntp = announced(STA_INS, midnight - 10);
  EXPECT_EQ(look(ntp, midnight - 5 + tai).state, TIME_INS);
  timex clear{};
  clear.modes = ADJ_STATUS;
  ntp.adjust(clear, midnight - 5 + tai, 0);
  EXPECT_EQ(look(ntp, midnight + 5 + tai), (Seen{TIME_OK, midnight + 5, tai}));
}

TEST(NtpState, ALongTimePassesAtOnce) {
  NtpState ntp = announced(STA_INS, midnight - 86'000);
  EXPECT_EQ(look(ntp, midnight + 30'000 + tai), (Seen{TIME_ERROR, midnight + 30'000 - 1, tai + 1}));
  EXPECT_EQ(ntp.state(), TIME_WAIT);  // behind the error of a clock that nobody corrects: 500 µs a second, up to 16 s
  NtpState idle;
  idle.advance(0);
  idle.advance(9'000'000'000);
  EXPECT_EQ(idle.state(), TIME_OK);
  EXPECT_NE(idle.status() & STA_UNSYNC, 0);
}

TEST(NtpState, SettingTheClockForgetsThePlannedLeap) {
  NtpState ntp = announced(STA_INS, midnight - 10);
  ntp.advance(midnight - 5 + tai);
  ntp.set(midnight - 3 + tai);
  EXPECT_EQ(ntp.leap().sign, 0);
  EXPECT_EQ(look(ntp, midnight + 3 + tai), (Seen{TIME_ERROR, midnight + 3, tai}));
}

TEST(NtpState, TakesAndShowsWhatAProgramSets) {
  NtpState ntp(tai);
  timex set{};
  set.modes = ADJ_FREQUENCY | ADJ_TICK | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_NANO | ADJ_STATUS | ADJ_TAI;
  set.freq = 1'000'000'000;
  set.tick = 10'500;
  set.maxerror = 7;
  set.esterror = 3;
  set.status = STA_PLL | STA_UNSYNC;
  set.constant = 37;
  EXPECT_EQ(ntp.adjust(set, midnight, 123'456'789), TIME_ERROR);
  EXPECT_EQ(set.freq, 500L << 16);
  EXPECT_EQ(set.tick, 10'500);
  EXPECT_EQ(set.maxerror, 7);
  EXPECT_EQ(set.tai, 37);
  EXPECT_EQ(set.status, STA_PLL | STA_UNSYNC | STA_NANO);
  EXPECT_EQ(set.time.tv_usec, 123'456'789);
  EXPECT_EQ(set.time.tv_sec, midnight - tai);
  timex bad{};
  bad.modes = ADJ_TICK;
  bad.tick = 20'000;
  EXPECT_EQ(ntp.adjust(bad, midnight, 0), -EINVAL);
}

}  // namespace
}  // namespace withstand::lab::clock
