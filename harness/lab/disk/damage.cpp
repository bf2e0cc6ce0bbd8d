#include "lab/disk/damage.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace withstand::lab::disk {
namespace {

using Kind = core::DiskRule::Damage::Kind;

/// Draws of one operation must not meet those of another.
constexpr std::uint64_t draws_per_operation = 1024;

std::uint64_t next_multiple(std::uint64_t value, std::uint64_t of) { return (value / of + 1) * of; }

bool is_mine(const core::DiskRule::Damage& damage, std::uint64_t byte) {
  return damage.stripe == 0 || byte / damage.stripe % damage.parts == damage.part;
}

std::vector<std::uint64_t> draw_bits(const std::vector<Extent>& pieces, std::uint32_t count, core::DrawStream stream,
                                     std::uint64_t first_draw) {
  std::uint64_t total = 0;
  for (const Extent& each : pieces) total += each.size() * 8;
  std::vector<std::uint64_t> bits;
  const auto wanted = std::min<std::uint64_t>({count, total, draws_per_operation / 2});
  for (std::uint64_t draw = 0; bits.size() < wanted && draw < draws_per_operation; ++draw) {
    std::uint64_t at = stream.below(first_draw + draw, total);
    const auto* piece = pieces.data();
    for (; at >= piece->size() * 8; ++piece) at -= piece->size() * 8;
    const std::uint64_t bit = piece->begin * 8 + at;
    if (std::find(bits.begin(), bits.end(), bit) == bits.end()) bits.push_back(bit);
  }
  std::sort(bits.begin(), bits.end());
  return bits;
}

}  // namespace

std::vector<Extent> damageable(const core::DiskRule& rule, Extent bytes) {
  const auto& damage = rule.damage;
  std::vector<Extent> pieces;
  const std::uint64_t end = std::min(bytes.end, rule.end_byte);
  for (std::uint64_t at = std::max(bytes.begin, rule.first_byte); at < end;) {
    std::uint64_t until = std::min(end, next_multiple(at, damage.block));
    if (damage.stripe > 0) until = std::min(until, next_multiple(at, damage.stripe));
    if (is_mine(damage, at)) pieces.push_back({at, until});
    at = until;
  }
  return pieces;
}

std::optional<Damage> draw_damage(const core::DiskRule& rule, core::DrawStream stream, std::uint64_t ordinal,
                                  Extent bytes, std::uint64_t file_size) {
  const auto pieces = damageable(rule, bytes);
  if (pieces.empty()) return std::nullopt;
  Damage how;
  how.ordinal = ordinal;
  how.kind = rule.damage.kind;
  how.block = rule.damage.block;
  const std::uint64_t first_draw = ordinal * draws_per_operation;
  if (how.kind == Kind::bits) {
    how.bits = draw_bits(pieces, rule.damage.bits, stream, first_draw);
    return how;
  }
  how.where = pieces[stream.below(first_draw, pieces.size())];
  how.noise = stream.within(ordinal);
  if (how.kind != Kind::misdirected) return how;
  const std::uint64_t blocks = (std::max(file_size, bytes.end) + how.block - 1) / how.block;
  const std::uint64_t own = how.where.begin / how.block;
  if (blocks < 2) return std::nullopt;  // there is no other place in this file
  const std::uint64_t drawn = stream.below(first_draw + 1, blocks - 1);
  how.other = (drawn < own ? drawn : drawn + 1) * how.block;
  return how;
}

bool damage(const Damage& how, std::span<std::byte> data, std::uint64_t offset) {
  bool hit = false;
  const std::uint64_t end = offset + data.size();
  for (const std::uint64_t bit : how.bits) {
    if (bit / 8 < offset || bit / 8 >= end) continue;
    data[bit / 8 - offset] ^= std::byte{1} << (bit % 8);
    hit = true;
  }
  const Extent common{std::max(offset, how.where.begin), std::min(end, how.where.end)};
  for (std::uint64_t at = common.begin; at < common.end; ++at) {
    const std::uint64_t within = at - how.where.begin;
    std::byte& byte = data[at - offset];
    hit = true;
    if (how.kind == Kind::noise) {
      byte = static_cast<std::byte>(how.noise.bits(within / 8) >> (8 * (within % 8)));
    } else {
      byte = within < how.instead.size() ? how.instead[within] : std::byte{0};
    }
  }
  return hit;
}

std::string to_text(const Damage& how) {
  switch (how.kind) {
    case Kind::bits: {
      std::vector<std::string> all;
      for (const std::uint64_t bit : how.bits) all.push_back(fmt::format("bit {} of byte {}", bit % 8, bit / 8));
      return fmt::format("{}", fmt::join(all, ", "));
    }
    case Kind::zeros:
      return "zeros";
    case Kind::noise:
      return "noise";
    case Kind::stale:
      return "as it was before";
    case Kind::misdirected:
      return fmt::format("misdirected: the block at {}", how.other);
    case Kind::bad_sector:
      return "EIO";
  }
  return "";
}

Extent concerned(const Damage& how) {
  if (how.bits.empty()) return how.where;
  return {how.bits.front() / 8, how.bits.back() / 8 + 1};
}

}  // namespace withstand::lab::disk
