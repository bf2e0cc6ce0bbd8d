#include "lab/clock/line.hpp"

#include <algorithm>

#include "lab/clock/arithmetic.h"

namespace withstand::lab::clock {
namespace {

using Wide = ws_int128;

Ns clamped(Wide value) { return static_cast<Ns>(std::clamp<Wide>(value, 0, last_instant)); }

Wide wide_value(const Piece& piece, Ns t) {
  return static_cast<Wide>(piece.value) + ((static_cast<Wide>(t) - piece.start) * piece.rate >> WS_CLOCK_RATE_BITS);
}

/// The piece in force at `t`, or none.
const Piece* piece_at(const Deviation& deviation, Ns t) {
  const auto after = std::upper_bound(deviation.begin(), deviation.end(), t,
                                      [](Ns instant, const Piece& piece) { return instant < piece.start; });
  return after == deviation.begin() ? nullptr : &*std::prev(after);
}

std::vector<Ns> breakpoints(const Base& base, const std::vector<const Deviation*>& deviations) {
  std::vector<Ns> starts{base.start};
  for (const auto* deviation : deviations)
    for (const auto& piece : *deviation) starts.push_back(piece.start);
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  return starts;
}

/// A stretch from `start` to `end` that would leave the range of instants: it runs to the limit and stands there.
void append(std::vector<ws_clock_segment>& segments, Ns start, Ns end, Wide value, Rate rate) {
  const bool outside = value < 0 || value > last_instant;
  const Wide last = value + ((static_cast<Wide>(end) - start) * rate >> WS_CLOCK_RATE_BITS);
  if (outside) {
    // It comes back into the range within the stretch only when its rate leads there: rare enough to stand until then.
    segments.push_back({start, clamped(value), 0, 0, 0});
    return;
  }
  segments.push_back({start, static_cast<Ns>(value), rate, 0, 0});
  if (last >= 0 && last <= last_instant) return;
  const Wide room = rate > 0 ? static_cast<Wide>(last_instant) - value : value;
  const Wide speed = rate > 0 ? rate : -static_cast<Wide>(rate);
  const Wide until = static_cast<Wide>(start) + (room << WS_CLOCK_RATE_BITS) / speed;
  if (until < end) segments.push_back({static_cast<Ns>(until), rate > 0 ? last_instant : 0, 0, 0, 0});
}

ws_clock_segment with_shift(ws_clock_segment segment) {
  constexpr Wide second = 1'000'000'000;
  const Wide shift = static_cast<Wide>(segment.base) - segment.start;
  const Wide rest = ((shift % second) + second) % second;
  segment.shift_rest = static_cast<Ns>(rest);
  segment.shift_seconds = static_cast<Ns>((shift - rest) / second);
  return segment;
}

}  // namespace

Rate rate_of_ppb(std::int64_t ppb) {
  const Wide scaled = static_cast<Wide>(ppb) << WS_CLOCK_RATE_BITS;
  const Wide half = ppb < 0 ? -500'000'000 : 500'000'000;
  return static_cast<Rate>((scaled + half) / 1'000'000'000);
}

Ns value_at(const Deviation& deviation, Ns t) {
  const Piece* piece = piece_at(deviation, t);
  return piece == nullptr ? 0 : static_cast<Ns>(wide_value(*piece, t));
}

Rate rate_at(const Deviation& deviation, Ns t) {
  const Piece* piece = piece_at(deviation, t);
  return piece == nullptr ? 0 : piece->rate;
}

Deviation ended(Deviation deviation, Ns t) {
  std::erase_if(deviation, [t](const Piece& piece) { return piece.start >= t; });
  if (!deviation.empty()) deviation.push_back({t, 0, 0});
  return deviation;
}

Deviation kept(Deviation deviation, Ns t) {
  const Ns reached = value_at(deviation, t);
  std::erase_if(deviation, [t](const Piece& piece) { return piece.start >= t; });
  if (!deviation.empty()) deviation.push_back({t, reached, 0});
  return deviation;
}

std::vector<ws_clock_segment> sum(const Base& base, const std::vector<const Deviation*>& deviations) {
  std::vector<ws_clock_segment> segments;
  const auto starts = breakpoints(base, deviations);
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const Ns start = starts[i];
    const Ns end = i + 1 < starts.size() ? starts[i + 1] : INT64_MAX;
    Wide value = static_cast<Wide>(base.value) + start - base.start;
    Wide rate = true_rate;
    for (const auto* deviation : deviations) {
      const Piece* piece = piece_at(*deviation, start);
      if (piece == nullptr) continue;
      value += wide_value(*piece, start);
      rate += piece->rate;
    }
    append(segments, start, end, value, static_cast<Rate>(std::clamp<Wide>(rate, INT64_MIN, INT64_MAX)));
  }
  return segments;
}

Ns when_passing(const std::vector<ws_clock_segment>& segments, Ns from, Ns target) {
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const auto& segment = segments[i];
    const Ns end = i + 1 < segments.size() ? segments[i + 1].start : WS_CLOCK_NEVER;
    if (end <= from || segment.rate <= 0 || target < segment.base) continue;
    const Ns wait = ws_unscale(target - segment.base, segment.rate);
    if (wait == WS_CLOCK_NEVER || wait > WS_CLOCK_NEVER - std::max<Ns>(segment.start, 0)) continue;
    const Ns due = segment.start + wait;
    // One that begins at the target has jumped there, unless the one before it ran into it.
    const bool runs_in = wait > 0 || (i > 0 && ws_segment_value(&segments[i - 1], due) >= target);
    if (due >= from && due < end && runs_in) return due;
  }
  return WS_CLOCK_NEVER;
}

Ns fill(ws_clock_line& line, const std::vector<ws_clock_segment>& segments, Ns now) {
  std::size_t first = 0;
  while (first + 1 < segments.size() && segments[first + 1].start <= now) ++first;
  const std::size_t count = std::min<std::size_t>(segments.size() - first, WS_CLOCK_SEGMENTS);
  for (std::size_t i = 0; i < count; ++i) line.segment[i] = with_shift(segments[first + i]);
  line.count = static_cast<std::uint32_t>(count);
  line.identity = 0;
  if (first + count == segments.size()) return WS_CLOCK_NEVER;
  return line.segment[count / 2].start;  // while half of them are still to come
}

}  // namespace withstand::lab::clock
