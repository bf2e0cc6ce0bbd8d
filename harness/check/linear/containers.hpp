#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "check/history/history.hpp"

/// Linearizability of queues and stacks whose inserted values are all different, in O(n log n).
///
/// Queues: T. A. Henzinger, A. Sezgin, V. Vafeiadis, "Aspect-oriented linearizability proofs", CONCUR 2013: a history
/// is linearizable exactly if no value comes from nowhere or twice, no two values are surely put in one order and
/// surely taken in the other, and no "empty" lies wholly inside a time when something was surely there.
///
/// Stacks: values are intervals from push to pop that must nest or be disjoint. A value is surely there between the end
/// of its push and the start of its pop. At an instant when nothing surely is there, the stack may be taken as empty,
/// and what is before and after it judged by itself: shrinking intervals to one side keeps them nested. Where there is
/// no such instant some value must enclose all others; any that can may be taken as it, for the others can shrink to
/// fit into it. (Decrease and conquer as in Z. H. Lee, U. Mathur, "Efficient decrease-and-conquer linearizability
/// monitoring", OOPSLA 2025; P. A. Abdulla et al., PLDI 2025, judge stacks in O(n^2).)
namespace withstand::check {

struct ContainedValue {
  static constexpr std::uint32_t nobody = UINT32_MAX;
  std::int64_t put_begin = 0, put_end = 0;            ///< put_end is `never` when the outcome of the put is unknown
  std::int64_t take_begin = never, take_end = never;  ///< `never`: nobody took it
  std::uint32_t put = nobody, take = nobody;          ///< the caller's
};

/// Somebody was told that there was nothing.
struct FoundEmpty {
  std::int64_t begin = 0, end = 0;
  std::uint32_t index = 0;
};

struct ContainerConflict {
  enum class Kind {
    taken_before_put,  ///< `operations`: the take, the put
    out_of_order,      ///< the put and take of two values: the puts in one order, the takes in the other
    not_empty,         ///< the "empty", then puts and takes of values that together cover it
    not_nested,        ///< values of which one must enclose the others, and none can
  };
  Kind kind = Kind::taken_before_put;
  std::vector<std::uint32_t> operations;
};

std::optional<ContainerConflict> queue_conflict(std::span<const ContainedValue> values,
                                                std::span<const FoundEmpty> empties);
std::optional<ContainerConflict> stack_conflict(std::span<const ContainedValue> values,
                                                std::span<const FoundEmpty> empties);
/// A bag: what is taken was put, once.
std::optional<ContainerConflict> bag_conflict(std::span<const ContainedValue> values,
                                              std::span<const FoundEmpty> empties);

}  // namespace withstand::check
