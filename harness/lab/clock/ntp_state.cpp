#include "lab/clock/ntp_state.hpp"

#include <algorithm>
#include <cerrno>

namespace withstand::lab::clock {
namespace {

constexpr std::int64_t seconds_per_day = 86'400;
constexpr long error_limit = 16'000'000;      // µs (NTP_PHASE_LIMIT)
constexpr long error_per_second = 500;        // µs: an oscillator may be 500 ppm off (MAXFREQ)
constexpr long frequency_limit = 500L << 16;  // 500 ppm
constexpr long offset_limit = 500'000'000;    // ns (MAXPHASE)
constexpr long constant_limit = 10;           // MAXTC
constexpr unsigned single_shot_bit = 0x8000;  // ADJ_ADJTIME
constexpr int tai_limit = 100'000;
constexpr int read_only = STA_PPSSIGNAL | STA_PPSJITTER | STA_PPSWANDER | STA_PPSERROR | STA_CLOCKERR | STA_NANO |
                          STA_MODE | STA_CLK;  // STA_RONLY

/// The next second from `sec` on, itself left out, that begins a day.
std::int64_t next_midnight(std::int64_t sec) {
  const std::int64_t past = ((sec % seconds_per_day) + seconds_per_day) % seconds_per_day;
  return sec + seconds_per_day - past;
}

}  // namespace

NtpState::Leap NtpState::leap() const {
  if (state_ == TIME_INS && next_leap_ != no_leap) return {next_leap_, -1};
  if (state_ == TIME_DEL && next_leap_ != no_leap) return {next_leap_, 1};
  return {};
}

void NtpState::second_overflow(std::int64_t sec) {
  switch (state_) {
    case TIME_OK:
      if ((status_ & STA_INS) != 0) {
        state_ = TIME_INS;
        next_leap_ = next_midnight(sec);
      } else if ((status_ & STA_DEL) != 0) {
        state_ = TIME_DEL;
        next_leap_ = next_midnight(sec + 1) - 1;
      }
      break;
    case TIME_INS:
      if ((status_ & STA_INS) == 0) {
        next_leap_ = no_leap;
        state_ = TIME_OK;
      } else if (sec == next_leap_) {
        state_ = TIME_OOP;
        ++tai_;
      }
      break;
    case TIME_DEL:
      if ((status_ & STA_DEL) == 0) {
        next_leap_ = no_leap;
        state_ = TIME_OK;
      } else if (sec == next_leap_) {
        next_leap_ = no_leap;
        state_ = TIME_WAIT;
        --tai_;
      }
      break;
    case TIME_OOP:
      next_leap_ = no_leap;
      state_ = TIME_WAIT;
      break;
    default:
      if ((status_ & (STA_INS | STA_DEL)) == 0) state_ = TIME_OK;
      break;
  }
}

void NtpState::age(std::int64_t seconds) {
  const std::int64_t room = (error_limit - max_error_) / error_per_second;
  if (seconds > room) {
    max_error_ = error_limit;
    status_ |= STA_UNSYNC;
  } else {
    max_error_ += static_cast<long>(seconds) * error_per_second;
  }
}

/// How many of the seconds after `sec` are without an event of the leap second's.
std::int64_t NtpState::quiet_seconds(std::int64_t sec) const {
  const bool flagged = (status_ & (STA_INS | STA_DEL)) != 0;
  if (state_ == TIME_OK) return flagged ? 0 : INT64_MAX;
  if (state_ == TIME_WAIT) return flagged ? INT64_MAX : 0;
  if (state_ == TIME_OOP) return 0;
  const int wanted = state_ == TIME_INS ? STA_INS : STA_DEL;
  if ((status_ & wanted) == 0) return 0;
  if (next_leap_ == no_leap || next_leap_ <= sec) return INT64_MAX;
  return next_leap_ - sec - 1;
}

void NtpState::advance(std::int64_t tai_second) {
  if (!begun_) {
    begun_ = true;
    now_ = tai_second;
    return;
  }
  while (now_ < tai_second) {
    const std::int64_t quiet = std::min(quiet_seconds(now_ - tai_), tai_second - now_);
    now_ += quiet;
    age(quiet);
    if (now_ == tai_second) return;
    ++now_;
    second_overflow(now_ - tai_);
    age(1);
  }
}

void NtpState::set(std::int64_t tai_second) {
  begun_ = true;
  now_ = tai_second;
  next_leap_ = no_leap;
  adjust_ = offset_ = 0;
  status_ |= STA_UNSYNC;
  max_error_ = estimated_error_ = error_limit;
}

void NtpState::announce(int flag) {
  status_ = (status_ & ~(STA_INS | STA_DEL | STA_UNSYNC)) | flag;
  max_error_ = estimated_error_ = 0;
  if (state_ == TIME_OOP) return;  // that one is under way
  state_ = TIME_OK;
  next_leap_ = no_leap;
}

void NtpState::change_status(int status) {
  if ((status_ & STA_PLL) != 0 && (status & STA_PLL) == 0) {
    state_ = TIME_OK;
    status_ = STA_UNSYNC;
    next_leap_ = no_leap;
  }
  status_ = (status_ & read_only) | (status & ~read_only);
}

void NtpState::change(const timex& request) {
  const unsigned modes = request.modes;
  if ((modes & ADJ_STATUS) != 0) change_status(request.status);
  if ((modes & ADJ_NANO) != 0) status_ |= STA_NANO;
  if ((modes & ADJ_MICRO) != 0) status_ &= ~STA_NANO;
  if ((modes & ADJ_FREQUENCY) != 0) frequency_ = std::clamp(request.freq, -frequency_limit, frequency_limit);
  if ((modes & ADJ_MAXERROR) != 0) max_error_ = std::clamp(request.maxerror, 0L, error_limit);
  if ((modes & ADJ_ESTERROR) != 0) estimated_error_ = std::clamp(request.esterror, 0L, error_limit);
  if ((modes & ADJ_TIMECONST) != 0) {
    const long given = request.constant + ((status_ & STA_NANO) != 0 ? 0 : 4);
    constant_ = std::clamp(given, 0L, constant_limit);
  }
  if ((modes & ADJ_TAI) != 0 && request.constant >= 0 && request.constant <= tai_limit) {
    now_ += request.constant - tai_;  // CLOCK_TAI steps, the second of UTC is the same
    tai_ = static_cast<int>(request.constant);
  }
  if ((modes & ADJ_OFFSET) != 0 && (status_ & STA_PLL) != 0) {
    const long unit = (status_ & STA_NANO) != 0 ? 1 : 1000;
    offset_ = std::clamp(request.offset, -offset_limit / unit, offset_limit / unit) * unit;
  }
  if ((modes & ADJ_TICK) != 0) tick_ = request.tick;
}

void NtpState::fill(timex& request, std::int64_t sec, std::int64_t nanosecond) const {
  const bool nano = (status_ & STA_NANO) != 0;
  request.freq = frequency_;
  request.maxerror = max_error_;
  request.esterror = estimated_error_;
  request.status = status_;
  request.constant = constant_;
  request.precision = 1;
  request.tolerance = frequency_limit;
  request.tick = tick_;
  request.tai = tai_;
  request.time.tv_sec = sec;
  request.time.tv_usec = nano ? nanosecond : nanosecond / 1000;
  request.ppsfreq = request.jitter = request.stabil = request.jitcnt = request.calcnt = request.errcnt =
      request.stbcnt = 0;
  request.shift = 0;
}

int NtpState::adjust(timex& request, std::int64_t tai_second, std::int64_t nanosecond) {
  advance(tai_second);
  const unsigned modes = request.modes;
  const bool single_shot = (modes & single_shot_bit) != 0;  // adjtime(3), not ntp_adjtime(3)
  if (single_shot && (modes & ADJ_OFFSET) == 0) return -EINVAL;
  if (!single_shot && (modes & ADJ_TICK) != 0 && (request.tick < 9'000 || request.tick > 11'000)) return -EINVAL;
  const std::int64_t sec = now_ - tai_;
  if (single_shot) {
    const long before = adjust_;
    if ((modes & ADJ_OFFSET_SS_READ) != ADJ_OFFSET_SS_READ) adjust_ = request.offset;
    request.offset = before;
  } else {
    if (modes != 0) change(request);
    request.offset = (status_ & STA_NANO) != 0 ? offset_ : offset_ / 1000;
  }
  const int result = (status_ & (STA_UNSYNC | STA_CLOCKERR)) != 0 ? TIME_ERROR : state_;
  fill(request, sec, nanosecond);
  return result;
}

}  // namespace withstand::lab::clock
