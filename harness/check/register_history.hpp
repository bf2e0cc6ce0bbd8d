#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "check/zones.hpp"
#include "record/history.hpp"

namespace withstand::check {

/// What is wrong with one key, before any order is looked for. Positions are into the history.
struct RegisterFinding {
  enum class Kind {
    not_unique,      ///< two writes (`first`, `second`) of one value: cannot be judged
    backwards,       ///< `first` ended before it was sent: cannot be judged
    from_nowhere,    ///< `first` read a value that nobody wrote
    from_a_failure,  ///< `first` read the value of `second`, a write that failed
    unordered,       ///< `conflict`
  };
  Kind kind = Kind::not_unique;
  std::uint32_t first = 0, second = 0;
  RegisterConflict conflict;
};

/// The operations of one key, and how many of them there are to judge by.
struct RegisterKey {
  std::string_view key;
  std::vector<std::uint32_t> positions;  ///< reads and writes, in history order
};

struct RegisterCounts {
  std::uint64_t writes = 0;       ///< acknowledged
  std::uint64_t reads = 0;        ///< that succeeded
  std::uint64_t reads_saw = 0;    ///< of those, that returned a value
  std::uint64_t unknown = 0;      ///< writes of unknown outcome
  std::uint64_t unknown_saw = 0;  ///< of those, that were read
};

/// Keys in the order of their first operation.
std::vector<RegisterKey> by_key(std::span<const record::Operation> history);

/// Judges one key; nothing: linearizable. Adds to `counts`.
std::optional<RegisterFinding> judge_key(std::span<const record::Operation> history, const RegisterKey& key,
                                         RegisterCounts& counts);

}  // namespace withstand::check
