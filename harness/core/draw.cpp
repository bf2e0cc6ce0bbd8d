#include "core/draw.hpp"

namespace withstand::core {
namespace {

/// The finaliser of SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014), a
/// bijection on 64 bits.
constexpr std::uint64_t mix(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

constexpr std::uint64_t golden = 0x9e3779b97f4a7c15ULL;

/// FNV-1a (Fowler, Noll, Vo), 64 bits, then mixed. The length closes each part, so that ("ab","c") and ("a","bc")
/// differ.
std::uint64_t absorb(std::uint64_t state, std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ULL ^ state;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return mix(hash + golden * (text.size() + 1));
}

}  // namespace

DrawStream draw_stream(std::uint64_t seed, std::string_view fault, std::string_view where, std::string_view purpose) {
  std::uint64_t key = mix(seed + golden);
  key = absorb(key, fault);
  key = absorb(key, where);
  return {absorb(key, purpose)};
}

std::uint64_t DrawStream::bits(std::uint64_t ordinal) const { return mix(mix(key + golden * (ordinal + 1)) ^ key); }

DrawStream DrawStream::within(std::uint64_t part) const { return {mix(key ^ mix(part + golden))}; }

double DrawStream::uniform(std::uint64_t ordinal) const { return static_cast<double>(bits(ordinal) >> 11) * 0x1p-53; }

bool DrawStream::chance(std::uint64_t ordinal, std::int64_t ppb) const {
  if (ppb <= 0) return false;
  return below(ordinal, 1'000'000'000) < static_cast<std::uint64_t>(ppb);
}

std::uint64_t DrawStream::below(std::uint64_t ordinal, std::uint64_t bound) const {
  // Lemire, "Fast random integer generation in an interval" (2019), without the rejection: the bias is below bound /
  // 2^64.
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::uint64_t>((static_cast<Wide>(bits(ordinal)) * bound) >> 64);
}

}  // namespace withstand::core
