#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "check/samples.hpp"

/// How long users went unserved. All take the operations due before the end of the window, in the order they were due.
/// Pure.
namespace withstand::check {

/// The longest time in the window during which somebody asked and nobody was served: from the first operation that was
/// due after a success (or after the window began) until the next success completed (or the window ended).
struct Outage {
  Window gap;
  bool open = false;  ///< it lasted until the window's end
};
/// Nothing when no operation was due in the window. A gap of length 0 when there was no outage at all.
std::optional<Outage> longest_outage(std::span<const Sample> due_before_end, Window window);

/// Tenths of a second of the window to which operations belong, and those in which at least one of them succeeded.
struct Slots {
  static constexpr std::int64_t width = 100'000'000;
  std::uint64_t asked = 0, served = 0;
};
/// `counts` says which operation counts as a success.
Slots count_slots(std::span<const Sample> due_in_window, Window window,
                  const std::function<bool(const Sample&)>& counts);

/// When the first operation completed from which on every operation due within a second succeeded, looking at those due
/// from `from` until `to`; the second must have ended by `to`. Nothing: never.
constexpr std::int64_t recovery_stretch = 1'000'000'000;
std::optional<std::int64_t> recovered_at(std::span<const Sample> due_before_end, std::int64_t from, std::int64_t to);

}  // namespace withstand::check
