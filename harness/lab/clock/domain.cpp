#include "lab/clock/domain.hpp"

#include <algorithm>
#include <stdexcept>

#include "lab/clock/arithmetic.h"
#include "lab/clock/shapes.hpp"

namespace withstand::lab::clock {
namespace {

/// Of a kernel with 250 ticks a second, as distributions build them.
constexpr Ns tick = 4'000'000;

Ns rounded_up_to_tick(Ns t) { return (t + tick - 1) / tick * tick; }

bool concerns(const Share& share, ws_clock_line_id line) { return (share.lines & 1U << line) != 0; }

/// Whether it sets CLOCK_REALTIME.
bool jumps(const Share& share) {
  return concerns(share, WS_WALL) && !share.deviation.empty() && share.deviation.front().value != 0;
}

Deviation moved(Deviation deviation, Ns by) {
  for (auto& piece : deviation) piece.start += by;
  return deviation;
}

}  // namespace

Domain::Domain(const MachineTime& start) : start_(start), ntp_(start.tai) { ntp_.advance(tai_second(start.steady)); }

void Domain::observe(const MachineTime& now) {
  if (!shares_.empty() || !leaps_.empty() || !tai_steps_.empty()) return;
  const int tai = start_.tai;
  start_ = now;
  start_.tai = tai;
}

Domain::Handle Domain::add(Share share, Ns now) {
  advance(now);
  check_range(share);
  if (share.strobe) {
    const auto strobes = std::count_if(shares_.begin(), shares_.end(), [](const auto& s) { return s.second.strobe; });
    if (strobes >= WS_CLOCK_STROBES) throw std::invalid_argument("a clock takes at most four strobes at a time");
  }
  if (jumps(share)) steps_at(share.deviation.front().start);
  const Handle handle = next_handle_++;
  shares_.emplace(handle, std::move(share));
  plan_leap(now);
  return handle;
}

void Domain::remove(Handle handle, Ns t) {
  const auto found = shares_.find(handle);
  if (found == shares_.end() || ending_.count(handle) > 0) return;
  Share& share = found->second;
  if (concerns(share, WS_WALL) && value_at(share.deviation, t) != 0) steps_at(t);
  share.deviation = ended(std::move(share.deviation), t);
  if (share.strobe) share.strobe->end = std::min(share.strobe->end, t);
  ending_[handle] = t;
}

void Domain::keep(Handle handle, Ns t) {
  const auto found = shares_.find(handle);
  if (found != shares_.end()) found->second.deviation = kept(std::move(found->second.deviation), t);
}

void Domain::announce_leap(int flag, Ns t, LeapEdge edge, LeapTimers timers) {
  advance(t);
  leap_timers_ = timers;
  edge_ = edge;
  announced_by_us_ = flag != 0;
  ntp_.announce(flag);
  plan_leap(t);
}

void Domain::withdraw_leaps(Ns t) {
  advance(t);
  announced_by_us_ = false;
  leap_timers_ = LeapTimers::right;
  early_ = 0;
  ntp_.announce(0);
  plan_leap(t);
  if (leaps_.empty()) return;
  leaps_ = ended(std::move(leaps_), t);
  leaps_end_ = t;
  steps_at(t);
}

int Domain::adjust(timex& request, Ns t) {
  advance(t);
  const int before = ntp_.tai();
  const int result = ntp_.adjust(request, tai_second(t), value_of(segments(WS_TAI), t) % second);
  if (ntp_.tai() != before && result >= 0) {
    const Ns so_far = value_at(tai_steps_, t);
    tai_steps_.push_back({t, so_far + (ntp_.tai() - before) * second, 0});
  }
  plan_leap(t);
  return result;
}

Domain::Handle Domain::set_wall(Ns wall, Ns t) {
  Share share;
  share.deviation = offset(t, wall - value_of(segments(WS_WALL), t));
  return add(std::move(share), t);
}

Ns Domain::value_of(const Segments& segments, Ns t) {
  std::size_t at = 0;
  while (at + 1 < segments.size() && segments[at + 1].start <= t) ++at;
  return ws_segment_value(&segments[at], t);
}

std::int64_t Domain::tai_second(Ns t) const { return value_of(segments(WS_TAI), t) / second; }

Domain::Segments Domain::segments(ws_clock_line_id line) const {
  Base base{start_.steady, start_.wall};
  if (line == WS_TAI) base.value += start_.tai * second;
  if (line == WS_STEADY) base.value = start_.steady;
  if (line == WS_BOOT) base.value = start_.boot;
  if (line == WS_RAW) base = {start_.raw, start_.raw};
  std::vector<Deviation> moved_ones;  // the raw clock's line is a function of the raw clock
  std::vector<const Deviation*> parts;
  moved_ones.reserve(shares_.size());
  for (const auto& [handle, share] : shares_) {
    if (!concerns(share, line)) continue;
    if (line == WS_RAW) {
      moved_ones.push_back(moved(share.deviation, start_.raw - start_.steady));
      parts.push_back(&moved_ones.back());
    } else {
      parts.push_back(&share.deviation);
    }
  }
  if (line == WS_WALL) parts.push_back(&leaps_);
  if (line == WS_TAI) parts.push_back(&tai_steps_);
  return sum(base, parts);
}

Ns Domain::shown(ws_clock_line_id line, Ns t) const {
  Ns value = value_of(segments(line), t);
  if (line != WS_WALL && line != WS_TAI) return value;
  for (const auto& [handle, share] : shares_)
    if (share.strobe) value += ws_strobe_value(&*share.strobe, t);
  return value;
}

Ns Domain::wall_passes(Ns wall, Ns t) const { return when_passing(segments(WS_WALL), t, wall); }

bool Domain::untouched(ws_clock_line_id line) const {
  if (line == WS_WALL && !leaps_.empty()) return false;
  if (line == WS_TAI && !tai_steps_.empty()) return false;
  return std::none_of(shares_.begin(), shares_.end(), [line](const auto& s) { return concerns(s.second, line); });
}

void Domain::check_range(const Share& share) const {
  for (const auto line : {WS_WALL, WS_STEADY, WS_BOOT}) {
    if (!concerns(share, line)) continue;
    const Segments now = segments(line);
    for (const auto& piece : share.deviation) {
      const auto reached = static_cast<ws_int128>(value_of(now, piece.start)) + piece.value;
      if (reached < 0) throw std::invalid_argument("the clock would go back to before 1970, which no clock can show");
      if (reached > last_instant) throw std::invalid_argument("the clock would go beyond April 2262, which it cannot");
    }
  }
}

void Domain::advance(Ns t) {
  while (!steps_.empty() && *steps_.begin() <= t) {
    const Ns step = *steps_.begin();
    steps_.erase(steps_.begin());
    pass_to(step - 1);
    early_ = 0;  // clock_settime(2) tells the timers
    const auto announced = ntp_.status() & (STA_INS | STA_DEL);
    ntp_.set(tai_second(step));
    if (announced_by_us_) ntp_.announce(announced);
  }
  pass_to(t);
  forget_ended(t);
  plan_leap(t);
}

void Domain::pass_to(Ns t) {
  const int before = ntp_.tai();
  ntp_.advance(tai_second(t));
  if (leap_timers_ == LeapTimers::right || ntp_.tai() <= before) return;
  early_ = second;
  changed_ = true;
}

/// What has ended before `t` is no part of the sum any more, and the clock may be the machine's own again.
void Domain::forget_ended(Ns t) {
  std::erase_if(ending_, [&](const auto& each) {
    if (each.second > t) return false;
    shares_.erase(each.first);
    changed_ = true;
    return true;
  });
  if (leaps_end_ <= t) {
    changed_ = true;
    leaps_.clear();
    leaps_end_ = INT64_MAX;
  }
}

/// A planned leap second is where CLOCK_REALTIME gets to its midnight as things stand.
void Domain::plan_leap(Ns t) {
  const Deviation before = leaps_;
  if (planned_ != INT64_MAX && planned_ > t && !leaps_.empty() && leaps_.back().start > t) leaps_.pop_back();
  planned_ = INT64_MAX;
  const auto leap = ntp_.leap();
  if (leap.sign != 0) {
    planned_ = wall_passes(leap.at * second, t);
    if (planned_ != WS_CLOCK_NEVER) {
      const Ns so_far = leaps_.empty() ? 0 : leaps_.back().value;
      leaps_.push_back({switch_of(planned_), so_far + leap.sign * second, 0});
    }
  }
  if (leaps_ != before) changed_ = true;
  find_next_event(t);
}

Ns Domain::switch_of(Ns leap) const { return edge_ == LeapEdge::tick ? rounded_up_to_tick(leap) : leap; }

void Domain::find_next_event(Ns t) {
  next_event_ = refill_;
  if (!steps_.empty()) next_event_ = std::min(next_event_, *steps_.begin());
  for (const auto& [handle, end] : ending_) next_event_ = std::min(next_event_, end);
  next_event_ = std::min({next_event_, planned_, leaps_end_});
  const bool unplanned = (ntp_.status() & (STA_INS | STA_DEL)) != 0 && ntp_.state() == TIME_OK;
  if (unplanned) {  // the kernel, too, notes a leap second with the next second
    const Ns next = when_passing(segments(WS_TAI), t + 1, (tai_second(t) + 1) * second);
    next_event_ = std::min(next_event_, next);
  }
}

void Domain::publish(ws_clock_page& page, Ns t) {
  refill_ = WS_CLOCK_NEVER;
  changed_ = false;
  for (int i = 0; i < WS_LINES; ++i) {
    const auto id = static_cast<ws_clock_line_id>(i);
    auto& line = page.line[i];
    line.identity = untouched(id) ? 1 : 0;
    line.strobes = 0;
    line.early = id == WS_WALL ? early_ : 0;
    if (line.identity != 0) continue;
    const Ns now = id == WS_RAW ? t + start_.raw - start_.steady : t;
    refill_ = std::min(refill_, fill(line, segments(id), now));
    if (id != WS_WALL && id != WS_TAI) continue;
    for (const auto& [handle, share] : shares_)
      if (share.strobe && line.strobes < WS_CLOCK_STROBES) line.strobe[line.strobes++] = *share.strobe;
  }
  find_next_event(t);
}

}  // namespace withstand::lab::clock
