#include "lab/link/model/slots.hpp"

#include <limits>

namespace withstand::lab::link {

Slots::Slots(const core::RateSettings& settings, const core::DrawStream& draws, core::Instant start)
    : settings_(settings), draws_(draws), slot_(start) {
  open_next();
}

void Slots::open_next() {
  constexpr auto unbounded = std::numeric_limits<std::int64_t>::max();
  const auto range = static_cast<std::uint64_t>((settings_.slot_max - settings_.slot_min).count()) + 1;
  slot_ += settings_.slot_min + std::chrono::nanoseconds(draws_.below(drawn_++, range));
  packets_left_ = settings_.slot_packets > 0 ? settings_.slot_packets : unbounded;
  bytes_left_ = settings_.slot_bytes > 0 ? settings_.slot_bytes : unbounded;
}

void Slots::begin_anew(core::Instant now) {
  slot_ = now;
  packets_left_ = bytes_left_ = 0;
}

core::Instant Slots::leaves(core::Instant ready, std::uint32_t bytes) {
  // After a long silence the slots begin anew, as in netem, instead of being drawn one by one up to now.
  if (ready - slot_ > 64 * settings_.slot_max) slot_ = ready;
  while (slot_ < ready || packets_left_ <= 0 || bytes_left_ <= 0) open_next();
  // As in netem, the packet that exhausts a slot still leaves in it.
  --packets_left_;
  bytes_left_ -= bytes;
  return slot_;
}

}  // namespace withstand::lab::link
