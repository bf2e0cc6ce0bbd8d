#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "check/linear/search.hpp"

/// Linearizability of a set that only grows, whose members are added once each, and that is read as a whole: what reads
/// saw must be ordered by inclusion; that order puts each add before the first read with its member and after the last
/// without; and no operation may end before one begins that must come earlier. O(n log n), beside the size of the
/// reads.
namespace withstand::check {

struct GrowingSetConflict {
  enum class Kind { incomparable, from_nowhere, misplaced };
  Kind kind = Kind::misplaced;
  std::uint32_t first = 0, second = 0;   ///< positions of the operations given; second as first where there is one
  std::optional<std::uint32_t> witness;  ///< misplaced: the read that says so, where that is a third
};

/// `operations` are inserts and snapshots; `snapshots` as for make_set.
std::optional<GrowingSetConflict> growing_set_conflict(std::span<const SearchOperation> operations,
                                                       std::span<const std::string> snapshots);

}  // namespace withstand::check
