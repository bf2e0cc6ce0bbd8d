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

bool Orders::add(const Stop& another) {
  if (stop.at <= another.at) {
    further.push_back(another);
    return false;
  }
  if (stop.at != nowhere) further.insert(further.begin(), stop);
  stop = another;
  return true;
}

void Orders::promote() {
  const auto first =
      std::min_element(further.begin(), further.end(), [](const Stop& a, const Stop& b) { return a.at < b.at; });
  if (first == further.end()) {
    stop = {};
    return;
  }
  stop = *first;
  further.erase(first);
}

void Orders::forget_before(Position at, core::Instant now) {
  std::erase_if(holds, [&](const Hold& hold) { return hold.from < at && hold.until <= now; });
}

}  // namespace withstand::lab::link::stream
