#pragma once

#include <cstdint>
#include <optional>
#include <span>

/// Linearizability of one register whose written values are all different, in O(n log n).
///
/// After P. B. Gibbons and E. Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997, section 4 (the read
/// mapping is known). All operations on one value form a cluster. Let f be the earliest end and s the latest start in
/// it. If f < s the value must be the register's from f to s (a forward zone); else all of the cluster overlaps [s, f]
/// and can happen at any one instant of it (a backward zone). The history is linearizable exactly if no read ends
/// before its write starts, no two forward zones overlap, and no backward zone lies inside a forward zone.
///
/// Intervals are closed: an operation that ends at t and one that starts at t are concurrent, so zones that only touch
/// do not overlap. Pure.
namespace withstand::check {

/// An operation that took place. Value 0 is the register's initial value, which a write before all time put there.
struct RegisterOperation {
  std::int64_t start = 0;
  std::int64_t end = 0;     ///< INT64_MAX: a write whose outcome is unknown, but which was read
  std::uint32_t value = 0;  ///< 0..values
  std::uint32_t index = 0;  ///< the caller's; comes back in a conflict
  bool write = false;       ///< exactly one write per value, none of value 0
};

/// Operations that no order reconciles. An index of `initial` stands for the register's initial state.
struct RegisterConflict {
  static constexpr std::uint32_t initial = UINT32_MAX;
  enum class Kind {
    read_before_write,  ///< `first[0]`, a read, had ended before `first[1]`, the write of its value, began
    sandwiched,         ///< first[0] had ended before first[1] began, first[1] before second[1] began; the outer two
                        ///< are on one value, the middle one on another
    crossed,            ///< first[0] (on value a) had ended before first[1] (on b) began, so a came before b; and
                        ///< second[0] (on b) had ended before second[1] (on a) began, so b came before a
  };
  Kind kind = Kind::crossed;
  std::uint32_t first[2] = {initial, initial};
  std::uint32_t second[2] = {initial, initial};
};

/// The first conflict found, or nothing: linearizable. A write of unknown outcome that nobody read must not be given.
std::optional<RegisterConflict> find_conflict(std::span<const RegisterOperation> operations, std::uint32_t values);

}  // namespace withstand::check
