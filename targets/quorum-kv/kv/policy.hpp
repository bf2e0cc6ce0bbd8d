#pragma once

#include <bitset>
#include <chrono>
#include <cstdint>

#include "kv/bugs.hpp"
#include "kv/tag.hpp"

/// Every decision of the coordinator that a planted bug can spoil. Without bugs this is the ABD protocol's own rule.
namespace quorum_kv {

inline constexpr std::size_t max_members = 64;
using Members = std::bitset<max_members>;  ///< by index among the sorted names

enum class Kind { read, write };

/// Who this coordinator is.
struct Identity {
  std::uint32_t self = 0;     ///< own index
  std::uint32_t members = 1;  ///< how many there are
  std::uint64_t boot = 1;
};

struct Timing {
  std::chrono::nanoseconds operation = std::chrono::milliseconds(800);  ///< deadline of an operation
  std::chrono::nanoseconds retry = std::chrono::milliseconds(100);      ///< first repetition of a request
};

struct Repetition {
  std::chrono::nanoseconds wait{};  ///< until the next repetition
  int copies = 1;                   ///< of the request, this time
};

class Policy {
 public:
  Policy(const Identity& identity, const Timing& timing, const Bugs& bugs);

  [[nodiscard]] bool skips_query(Kind kind) const { return kind == Kind::write && bugs_.wall_clock_versions; }
  [[nodiscard]] bool query_suffices(Kind kind, const Members& replied) const;
  /// `holders`: who answered with the newest tag. If they are a majority, it is durable at a majority already (replicas
  /// answer from durable state and never go back), so every later operation meets it, and a write-back changes nothing.
  [[nodiscard]] bool write_back_needed(const Members& holders) const;
  [[nodiscard]] bool store_suffices(Kind kind, const Members& replied) const;
  /// When a store is due to be repeated: the write ends here, and who has not answered is taken for dead.
  [[nodiscard]] bool goes_without_the_rest(Kind kind, const Members& stored) const;
  [[nodiscard]] bool expires() const { return !bugs_.no_timeout; }
  [[nodiscard]] bool acknowledged_at_deadline(Kind kind, const Members& stored) const;
  [[nodiscard]] bool deadline_by_wall_clock() const { return bugs_.wall_clock_timeouts; }

  /// A write goes on to its second phase without a majority's answers, once half its time is up.
  [[nodiscard]] bool goes_on_without_majority(Kind kind, const Members& replied) const;

  /// The tag of write `operation`, greater than `seen`.
  [[nodiscard]] Tag tag_for_write(const Tag& seen, std::uint64_t operation, std::chrono::nanoseconds wall) const;

  /// The `count`th repetition (from 0) of a request: 100, 200, 400, 400... ms apart.
  [[nodiscard]] Repetition repetition(int count) const;

 private:
  [[nodiscard]] bool majority(const Members& members) const { return members.count() * 2 > identity_.members; }

  Identity identity_;
  Timing timing_;
  Bugs bugs_;
};

}  // namespace quorum_kv
