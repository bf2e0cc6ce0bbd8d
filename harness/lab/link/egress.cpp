#include "lab/link/egress.hpp"

#include <algorithm>
#include <cmath>

namespace withstand::lab::link {

void DrainMeter::add(core::Instant read, core::Instant written, std::uint64_t wire_bytes, bool waited,
                     std::uint64_t sequence, std::uint32_t packets) {
  first_read_ = bytes_ == 0 ? read : std::min(first_read_, read);
  const bool neighbours = bytes_ > 0 && (sequence == next_ || sequence == last_);  // or a copy
  if (waited && neighbours && written >= previous_) {
    busy_bytes_ += wire_bytes;
    busy_ += written - previous_;
  }
  bytes_ += wire_bytes;
  previous_ = written;
  last_written_ = std::max(last_written_, written);
  last_ = sequence;
  next_ = sequence + packets;
}

void DelayTrace::add(std::chrono::nanoseconds drawn, std::chrono::nanoseconds requested,
                     std::chrono::nanoseconds measured) {
  if (count_++ == 0) {
    first_requested_ = requested.count();
    first_measured_ = measured.count();
  }
  if (requested < drawn) ++hasty_;
  drawn_min_ = std::min(drawn_min_, drawn);
  drawn_max_ = std::max(drawn_max_, drawn);
  // Of what they differ from the first, so that delays that are much alike lose no digits.
  const auto asked = static_cast<double>(requested.count() - first_requested_),
             took = static_cast<double>(measured.count() - first_measured_);
  requested_ += asked;
  measured_ += took;
  requested_squares_ += asked * asked;
  measured_squares_ += took * took;
  products_ += asked * took;
}

void DelayTrace::fill(core::LinkEffect& effect) const {
  effect.draws = count_;
  effect.hasty = hasty_;
  if (count_ == 0) return;
  effect.drawn_min_ns = drawn_min_.count();
  effect.drawn_max_ns = drawn_max_.count();
  const auto n = static_cast<double>(count_);
  const double asked = requested_squares_ / n - requested_ / n * (requested_ / n),
               took = measured_squares_ / n - measured_ / n * (measured_ / n),
               together = products_ / n - requested_ / n * (measured_ / n);
  if (asked < 1) return;  // square nanoseconds: all alike
  effect.follows = together / asked;
  effect.follows_error = std::sqrt(std::max(0.0, took / asked - effect.follows * effect.follows) / n);
}

void DrainMeter::fill(core::LinkEffect& effect) const {
  effect.busy_bytes = busy_bytes_;
  effect.busy_ns = busy_.count();
  effect.wire_bytes = bytes_;
  effect.span_ns = (last_written_ - first_read_).count();
}

}  // namespace withstand::lab::link
