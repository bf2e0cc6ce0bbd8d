#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

/// The settings of the kernel's network emulator (tc-netem(8), sch_netem) and their netlink attributes. libnl 3.7 knows
/// neither rate, slots, Gilbert-Elliott, ECN nor the seed, so the attributes are laid out here, from
/// linux/pkt_sched.h. Bytes only, no system calls.
namespace withstand::os {

/// Probabilities are parts of 2^32 - 1, as the kernel draws them.
constexpr std::uint32_t netem_always = ~std::uint32_t{0};
std::uint32_t netem_probability(std::int64_t parts_per_billion);  ///< 0 to 1e9, to the nearest

struct RandomLoss {
  std::uint32_t share = 0;
  auto operator<=>(const RandomLoss&) const = default;
};
struct GilbertElliottLoss {
  std::uint32_t p = 0, r = 0, h = 0, k1 = 0;  ///< h: kept while bad; k1: lost while good
  auto operator<=>(const GilbertElliottLoss&) const = default;
};
struct FourStateLoss {
  std::uint32_t p13 = 0, p31 = 0, p32 = 0, p14 = 0, p23 = 0;
  auto operator<=>(const FourStateLoss&) const = default;
};

using NetemLoss = std::variant<RandomLoss, GilbertElliottLoss, FourStateLoss>;

/// Nothing leaves between slots.
struct NetemSlot {
  std::chrono::nanoseconds min{}, max{};
  std::int32_t packets = 0, bytes = 0;  ///< 0: any number
  /// Instead of `min` and `max`, with a jitter: the time to the next slot is drawn from a distribution, of which
  /// `table` has steps of equal probability in 1/8192 of the jitter. The kernel does not tell the table back.
  std::chrono::nanoseconds delay{}, jitter{};
  std::vector<std::int16_t> table{};
  auto operator<=>(const NetemSlot&) const = default;
};

struct NetemSettings {
  std::uint32_t limit = 1000;  ///< packets that it may hold
  std::chrono::nanoseconds delay{}, jitter{};
  /// Steps of equal probability, in 1/8192 of the jitter; empty: even in ±jitter. At most 16384 (NETEM_DIST_MAX). The
  /// kernel does not tell it back.
  std::vector<std::int16_t> distribution{};

  NetemLoss loss{};
  bool ecn = false;  ///< marks what can carry the mark instead of dropping it

  std::uint32_t duplicate = 0, corrupt = 0;
  std::uint32_t reorder = 0;  ///< these are sent at once, all others delayed
  std::uint32_t gap = 0;      ///< with `reorder`, 1 or more

  std::uint64_t rate = 0;                               ///< bytes per second; 0: none. A rate also keeps order
  std::int32_t packet_overhead = 0, cell_overhead = 0;  ///< bytes
  std::uint32_t cell_size = 0;                          ///< bytes

  std::optional<NetemSlot> slot{};

  /// Of all draws but corrupted bits and slots. Kernels before 6.6 do not know it and say nothing.
  std::optional<std::uint64_t> seed{};
};

/// The value of TCA_OPTIONS.
std::vector<std::byte> netem_options(const NetemSettings& settings);
/// What a kernel tells of a netem queue; nothing when it is cut.
std::optional<NetemSettings> parse_netem_options(std::span<const std::byte> options);

/// What the kernel did not keep, in words ("jitter: asked 3s, kept 2.147483647s"); empty when it kept everything that
/// it tells back. Of the seed see `seed_kept`.
std::vector<std::string> netem_differences(const NetemSettings& asked, const NetemSettings& kept);
bool seed_kept(const NetemSettings& asked, const NetemSettings& kept);

}  // namespace withstand::os
