#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/disk.hpp"
#include "core/draw.hpp"

/// Data that is not what it should be: which of it, and how. Pure.
namespace withstand::lab::disk {

/// Bytes of a file, [begin, end).
struct Extent {
  std::uint64_t begin = 0, end = 0;
  [[nodiscard]] std::uint64_t size() const { return end - begin; }
};

/// What one operation's data suffers.
struct Damage {
  std::uint64_t rule = 0, ordinal = 0;
  core::DiskRule::Damage::Kind kind = core::DiskRule::Damage::Kind::bits;
  std::uint64_t block = 4096;
  Extent where;                     ///< not of bits
  std::vector<std::uint64_t> bits;  ///< eight times the byte's offset in the file, and the bit from the lowest
  std::uint64_t other = 0;          ///< misdirected: where the other block begins
  std::vector<std::byte> instead;   ///< stale, misdirected: what stands in its place, from `where.begin` on
  core::DrawStream noise;
};

/// What of these bytes a rule may damage, in pieces that lie within one block each.
[[nodiscard]] std::vector<Extent> damageable(const core::DiskRule& rule, Extent bytes);
/// Draws what happens to the ordinal-th operation, on these bytes of a file of so many; nothing when none of them may
/// be damaged. `instead` is left to the caller.
[[nodiscard]] std::optional<Damage> draw_damage(const core::DiskRule& rule, core::DrawStream stream,
                                                std::uint64_t ordinal, Extent bytes, std::uint64_t file_size);
/// Does it to data that begins at this offset of the file. False when none of it was to be damaged.
bool damage(const Damage& how, std::span<std::byte> data, std::uint64_t offset);
/// "bit 3 of byte 4711", "zeros", "what is at 8192".
[[nodiscard]] std::string to_text(const Damage& how);
/// The bytes it concerns, from the first to the last.
[[nodiscard]] Extent concerned(const Damage& how);

}  // namespace withstand::lab::disk
