#pragma once

#include <cstdint>
#include <string_view>

/// Everything random in a run, from one seed. A draw is a counter-based hash of what it is for, so removing one fault
/// changes no draw of another, and the order in which draws are made does not matter. Pure; thread-safe.
namespace withstand::core {

/// Names one stream of draws: (seed, fault's name, where, purpose), hashed once; where is a link or node name.
/// Trivially copyable, so it can cross into another process.
struct DrawStream {
  std::uint64_t key = 0;
  /// The ordinal-th 64-bit draw of this stream.
  [[nodiscard]] std::uint64_t bits(std::uint64_t ordinal) const;
  /// Uniform in [0, 1) with 53 bits.
  [[nodiscard]] double uniform(std::uint64_t ordinal) const;
  /// True with probability ppb / 1e9, exactly decided in integers.
  [[nodiscard]] bool chance(std::uint64_t ordinal, std::int64_t ppb) const;
  /// A stream beside this one, for one of many things of the same kind: a connection, a packet.
  [[nodiscard]] DrawStream within(std::uint64_t part) const;
  /// Uniform in [0, bound), without modulo bias beyond 2^-64.
  [[nodiscard]] std::uint64_t below(std::uint64_t ordinal, std::uint64_t bound) const;
};

DrawStream draw_stream(std::uint64_t seed, std::string_view fault, std::string_view where, std::string_view purpose);

}  // namespace withstand::core
