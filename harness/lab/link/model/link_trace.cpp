#include "lab/link/model/link_trace.hpp"

#include <algorithm>
#include <stdexcept>

namespace withstand::lab::link {

LinkTrace::LinkTrace(Table instants, core::Instant start) : instants_(std::move(instants)), round_(start) {
  if (!instants_ || instants_->empty() || instants_->back() <= 0 || instants_->front() < 0 ||
      !std::is_sorted(instants_->begin(), instants_->end()))
    throw std::invalid_argument("a link trace whose instants do not rise from 0");
}

core::Instant LinkTrace::instant() const { return round_ + core::Instant((*instants_)[next_]); }

void LinkTrace::advance() {
  left_ = opportunity_bytes;
  if (++next_ < instants_->size()) return;
  next_ = 0;
  round_ += core::Instant(instants_->back());
}

/// To the first opportunity that is not over at `now`.
void LinkTrace::skip_to(core::Instant now) {
  if (instant() >= now) return;
  const core::Instant period(instants_->back());
  if (const auto rounds = (now - round_) / period; rounds > 0) {
    // An instant exactly at the end of a round belongs to that round.
    round_ += period * (rounds - ((now - round_) % period == core::Instant{} ? 1 : 0));
    next_ = 0;
  }
  const auto wanted = (now - round_).count();
  const auto from = instants_->begin() + static_cast<std::ptrdiff_t>(next_);
  next_ = static_cast<std::size_t>(std::lower_bound(from, instants_->end(), wanted) - instants_->begin());
  left_ = opportunity_bytes;
}

void LinkTrace::begin_anew(core::Instant now) {
  const core::Instant period(instants_->back());
  if (round_ > now) round_ -= period * ((round_ - now + period - core::Instant(1)) / period);
  next_ = 0;
  left_ = opportunity_bytes;
  skip_to(now);
}

core::Instant LinkTrace::leaves(core::Instant now, std::uint32_t packet_bytes) {
  skip_to(now);
  std::uint32_t rest = packet_bytes + packet_header_bytes;
  while (rest > left_) {
    rest -= left_;
    advance();
  }
  left_ -= rest;
  const core::Instant when = instant();
  if (left_ == 0) advance();
  return std::max(when, now);
}

std::int64_t LinkTrace::mean_bits_per_second() const {
  const double bits = static_cast<double>(instants_->size()) * opportunity_bytes * 8;
  return static_cast<std::int64_t>(bits * 1e9 / static_cast<double>(instants_->back()));
}

}  // namespace withstand::lab::link
