#pragma once

#include <cstdint>

#include <sys/timex.h>

/// The kernel's discipline of CLOCK_REALTIME as a program sees it through adjtimex(2): the leap second's states and the
/// numbers beside them, one per clock domain. Pure. Source: the rules of Linux' second_overflow(), ntp_clear() and
/// __do_adjtimex(), as of 6.1.
namespace withstand::lab::clock {

class NtpState {
 public:
  static constexpr std::int64_t no_leap = INT64_MAX;

  /// `tai`: International Atomic Time minus UTC, in seconds, as it is at first.
  explicit NtpState(int tai = 0) : tai_(tai) {}

  /// Time goes on to the second `tai_second` of CLOCK_TAI, which no leap second interrupts; states change only here.
  /// Going back does nothing.
  void advance(std::int64_t tai_second);
  /// CLOCK_REALTIME, and CLOCK_TAI with it, was set and now shows `tai_second`: no leap second is planned any more, and
  /// the clock counts as not synchronised.
  void set(std::int64_t tai_second);

  /// adjtimex(2) at that instant: applies what `request.modes` asks for, fills in the rest, returns the state as it was
  /// before (TIME_ERROR while not synchronised), or -EINVAL as the kernel does. Permissions are the caller's business.
  int adjust(timex& request, std::int64_t tai_second, std::int64_t nanosecond);

  [[nodiscard]] int state() const { return state_; }
  [[nodiscard]] int tai() const { return tai_; }
  [[nodiscard]] int status() const { return status_; }
  /// A correction of the clock's speed in units of 2^-16 ppm, and microseconds per 10 ms: what ADJ_FREQUENCY and
  /// ADJ_TICK have set.
  [[nodiscard]] long frequency() const { return frequency_; }
  [[nodiscard]] long tick() const { return tick_; }

  /// A planned leap second: at the second `at` of UTC, as the clock shows it, it goes back (`sign` -1) or forward (+1)
  /// by one. For an insertion that is a midnight, for a deletion the second before one.
  struct Leap {
    std::int64_t at = no_leap;
    int sign = 0;
    bool operator==(const Leap&) const = default;
  };
  [[nodiscard]] Leap leap() const;
  /// What a time daemon does that hears of a leap second: STA_INS, STA_DEL or neither (0), and a synchronised clock.
  void announce(int flag);

 private:
  void second_overflow(std::int64_t sec);
  void age(std::int64_t seconds);
  [[nodiscard]] std::int64_t quiet_seconds(std::int64_t sec) const;
  void change(const timex& request);
  void change_status(int status);
  void fill(timex& request, std::int64_t sec, std::int64_t nanosecond) const;

  int state_ = TIME_OK;
  int status_ = 0;
  int tai_;
  bool begun_ = false;
  std::int64_t now_ = 0;  ///< the last second of CLOCK_TAI reached
  std::int64_t next_leap_ = no_leap;
  long frequency_ = 0, tick_ = 10'000, offset_ = 0, adjust_ = 0;  ///< offset_ in nanoseconds, adjust_ in microseconds
  long max_error_ = 0, estimated_error_ = 0, constant_ = 2;
};

}  // namespace withstand::lab::clock
