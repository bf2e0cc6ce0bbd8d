#include "lab/clock/ntp_state.hpp"

#include <cerrno>

#include <gtest/gtest.h>

namespace withstand::lab::clock {
namespace {

constexpr std::int64_t new_year = 1'483'228'800;  // 2017-01-01, before which a second was inserted
constexpr int tai_before = 36;

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
  NtpState ntp(tai_before);
  ntp.advance(from + tai_before);
  ntp.announce(flag);
  return ntp;
}

TEST(NtpState, InsertsASecondAsTheKernelDoes) {
  NtpState ntp = announced(STA_INS, new_year - 10);
  const std::int64_t first = new_year - 10 + tai_before;
  EXPECT_EQ(look(ntp, first), (Seen{TIME_OK, new_year - 10, tai_before}));
  EXPECT_EQ(look(ntp, first + 1), (Seen{TIME_INS, new_year - 9, tai_before}));
  EXPECT_EQ(ntp.leap(), (NtpState::Leap{new_year, -1}));
  EXPECT_EQ(look(ntp, first + 9), (Seen{TIME_INS, new_year - 1, tai_before}));
  EXPECT_EQ(look(ntp, first + 10), (Seen{TIME_OOP, new_year - 1, tai_before + 1}));
  EXPECT_EQ(look(ntp, first + 11), (Seen{TIME_WAIT, new_year, tai_before + 1}));
  EXPECT_EQ(look(ntp, first + 12), (Seen{TIME_WAIT, new_year + 1, tai_before + 1}));
  timex clear{};
  clear.modes = ADJ_STATUS;
  EXPECT_EQ(ntp.adjust(clear, first + 12, 0), TIME_WAIT);
  EXPECT_EQ(look(ntp, first + 13), (Seen{TIME_OK, new_year + 2, tai_before + 1}));
}

TEST(NtpState, DeletesASecondAsTheKernelDoes) {
  NtpState ntp = announced(STA_DEL, new_year - 10);
  const std::int64_t first = new_year - 10 + tai_before;
  EXPECT_EQ(look(ntp, first + 8), (Seen{TIME_DEL, new_year - 2, tai_before}));
  EXPECT_EQ(ntp.leap(), (NtpState::Leap{new_year - 1, 1}));
  EXPECT_EQ(look(ntp, first + 9), (Seen{TIME_WAIT, new_year, tai_before - 1}));
  EXPECT_EQ(look(ntp, first + 10), (Seen{TIME_WAIT, new_year + 1, tai_before - 1}));
}

TEST(NtpState, AnAnnouncementThatIsWithdrawnDoesNothing) {
  NtpState ntp = announced(STA_INS, new_year - 10);
  EXPECT_EQ(look(ntp, new_year - 5 + tai_before).state, TIME_INS);
  timex clear{};
  clear.modes = ADJ_STATUS;
  ntp.adjust(clear, new_year - 5 + tai_before, 0);
  EXPECT_EQ(look(ntp, new_year + 5 + tai_before), (Seen{TIME_OK, new_year + 5, tai_before}));
}

TEST(NtpState, ALongTimePassesAtOnce) {
  NtpState ntp = announced(STA_INS, new_year - 86'000);
  EXPECT_EQ(look(ntp, new_year + 30'000 + tai_before), (Seen{TIME_ERROR, new_year + 30'000 - 1, tai_before + 1}));
  EXPECT_EQ(ntp.state(), TIME_WAIT);  // behind the error of a clock that nobody corrects: 500 µs a second, up to 16 s
  NtpState idle;
  idle.advance(0);
  idle.advance(9'000'000'000);
  EXPECT_EQ(idle.state(), TIME_OK);
  EXPECT_NE(idle.status() & STA_UNSYNC, 0);
}

TEST(NtpState, SettingTheClockForgetsThePlannedLeap) {
  NtpState ntp = announced(STA_INS, new_year - 10);
  ntp.advance(new_year - 5 + tai_before);
  ntp.set(new_year - 3 + tai_before);
  EXPECT_EQ(ntp.leap().sign, 0);
  EXPECT_EQ(look(ntp, new_year + 3 + tai_before), (Seen{TIME_ERROR, new_year + 3, tai_before}));
}

TEST(NtpState, TakesAndShowsWhatAProgramSets) {
  NtpState ntp(tai_before);
  timex set{};
  set.modes = ADJ_FREQUENCY | ADJ_TICK | ADJ_MAXERROR | ADJ_ESTERROR | ADJ_NANO | ADJ_STATUS | ADJ_TAI;
  set.freq = 1'000'000'000;
  set.tick = 10'500;
  set.maxerror = 7;
  set.esterror = 3;
  set.status = STA_PLL | STA_UNSYNC;
  set.constant = 37;
  EXPECT_EQ(ntp.adjust(set, new_year, 123'456'789), TIME_ERROR);
  EXPECT_EQ(set.freq, 500L << 16);
  EXPECT_EQ(set.tick, 10'500);
  EXPECT_EQ(set.maxerror, 7);
  EXPECT_EQ(set.tai, 37);
  EXPECT_EQ(set.status, STA_PLL | STA_UNSYNC | STA_NANO);
  EXPECT_EQ(set.time.tv_usec, 123'456'789);
  EXPECT_EQ(set.time.tv_sec, new_year - tai_before);
  timex bad{};
  bad.modes = ADJ_TICK;
  bad.tick = 20'000;
  EXPECT_EQ(ntp.adjust(bad, new_year, 0), -EINVAL);
}

}  // namespace
}  // namespace withstand::lab::clock
