#include "lab/link/stream/orders.hpp"

#include <algorithm>

namespace withstand::lab::link::stream {

core::Instant Orders::held_until(Position at) const {
  core::Instant latest = core::Instant::min();
  for (const Hold& hold : holds)
    if (hold.from <= at) latest = std::max(latest, hold.until);
  return latest;
}

std::uint32_t Orders::held_alike(Position at, std::uint32_t length) const {
  Position alike = length;
  for (const Hold& hold : holds)
    if (hold.from > at) alike = std::min(alike, hold.from - at);
  return static_cast<std::uint32_t>(alike);
}

void Orders::forget_before(Position at, core::Instant now) {
  std::erase_if(holds, [&](const Hold& hold) { return hold.from < at && hold.until <= now; });
}

}  // namespace withstand::lab::link::stream
