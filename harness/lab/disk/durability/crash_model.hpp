#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "core/disk.hpp"
#include "core/draw.hpp"
#include "lab/disk/durability/shadow.hpp"

namespace withstand::lab::disk {

/// Of an operation on the list, what the disk has after the cut.
struct Survival {
  struct Range {
    std::uint64_t begin = 0, end = 0;  ///< bytes of the file
    bool operator==(const Range& other) const = default;
  };
  bool whole = false;
  std::vector<Range> ranges;          ///< of a write that is not whole: ascending, apart
  std::optional<std::uint64_t> size;  ///< of a write that is not whole: the file is at least so large
  [[nodiscard]] bool nothing() const { return !whole && ranges.empty() && !size; }
  bool operator==(const Survival& other) const = default;
};
/// By operation; what is not there is lost.
using Survivors = std::map<std::uint64_t, Survival>;

/// What survives a cut at `now` (CLOCK_MONOTONIC). Everything that the model calls durable does; of the rest each
/// thing by a draw, as the model lets it depend on others. Pure: the same list and stream give the same.
[[nodiscard]] Survivors choose_survivors(const PendingList& list, const core::PowerLoss& loss,
                                         const core::DrawStream& draws, std::chrono::nanoseconds now);

/// The unit in which the page cache writes a file.
inline constexpr std::uint64_t page_size = 4096;
/// The parts of [begin, end) that lie in one page each.
[[nodiscard]] std::vector<Survival::Range> pages_of(std::uint64_t begin, std::uint64_t end);

}  // namespace withstand::lab::disk
