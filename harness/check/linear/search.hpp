#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <span>
#include <vector>

#include "check/linear/machine.hpp"

/// Linearizability of any object by search, for histories that no faster rule decides. The problem is NP-complete
/// (P. B. Gibbons, E. Korach, "Testing Shared Memories", SIAM J. Comput. 26(4), 1997), so the search is bounded.
///
/// After J. M. Wing and C. Gong, "Testing and verifying concurrent objects", J. Parallel Distrib. Comput. 17, 1993,
/// with G. Lowe's memory of configurations ("Testing for linearizability", Concurrency Comput. Pract. Exper. 29(4),
/// 2017). To that come:
/// - only operations that overlap the frontier are kept of a configuration, so memory is O(configurations x
/// concurrency);
/// - an operation that changes nothing is taken as soon as it is legal: nothing is lost by it, so no other choice of
///   that moment is tried;
/// - of certain operations that do the same and could be placed now, only the one that must end first is tried: in any
///   order that places another of them here the two can change places (the rule of earliest deadlines first), and one
///   of unknown outcome is only tried where no certain one would do;
/// - operations of unknown outcome are counted by what they do instead of told apart: of two alike the one that began
///   first can stand for the other; and a configuration that has used up fewer of them makes one that used more
///   needless.
namespace withstand::check {

struct SearchOperation {
  std::int64_t begin = 0;
  std::int64_t end = 0;     ///< ignored when it need not have happened
  bool must_happen = true;  ///< false: it may have taken effect at any time after `begin`, or never
  std::uint32_t index = 0;  ///< the caller's
  MachineOperation operation;
};

struct SearchLimits {
  std::chrono::steady_clock::time_point deadline = std::chrono::steady_clock::time_point::max();
  std::size_t memory = std::size_t{1} << 30;  ///< bytes that configurations may take
  const std::atomic<bool>* stop = nullptr;    ///< somebody else has found the answer
};

struct SearchResult {
  enum class Answer { linearizable, not_linearizable, out_of_time, out_of_memory, stopped };
  Answer answer = Answer::linearizable;
  /// linearizable: positions of the operations given, in an order that explains them
  std::vector<std::uint32_t> order;
  /// not linearizable: the position of the operation before whose end no order can be continued
  std::uint32_t stuck = 0;
  /// not linearizable: the states, at most eight, that the object could be in when nothing could be placed any more
  std::vector<std::uint32_t> states;
  std::uint64_t configurations = 0;
};

SearchResult search_order(std::span<const SearchOperation> operations, Machine& machine, const SearchLimits& limits);

}  // namespace withstand::check
