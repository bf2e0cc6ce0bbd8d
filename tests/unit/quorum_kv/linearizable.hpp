#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace quorum_kv::testing {

/// One operation on one register. Times are positions in a total order of events.
struct Operation {
  bool is_write = false;
  std::string value;  ///< written, or read; empty: never written
  std::uint64_t invoked = 0;
  std::uint64_t returned = 0;  ///< ~0 when it never did: a write that may or may not have happened
  std::string node;
};

inline constexpr std::uint64_t never = ~std::uint64_t{0};

/// Exhaustive search for an order that explains the history (after J. Wing and C. Gong, 1993, with the memo of G. Lowe,
/// 2017). Reads that did not return must be left out. At most 64 operations.
bool linearizable(const std::vector<Operation>& history);

std::string describe(const std::vector<Operation>& history);

}  // namespace quorum_kv::testing
