#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

#include "core/event_loop.hpp"
#include "core/link_capacity.hpp"
#include "lab/link/connections.hpp"
#include "lab/link/packet.hpp"

namespace withstand::lab::link {

/// What decisions are made of: one packet on the wire, or several that travel as one where nobody asks for packets.
struct PacketFacts {
  const PacketHeader* header = nullptr;  ///< null for what is no IP packet
  core::Instant read{};
  std::uint32_t bytes = 0;    ///< of the IP packet; of all of them where they are several
  std::uint32_t packets = 1;  ///< on the wire
  std::uint8_t time_to_live = 0;
  std::optional<Connection> connection{};  ///< where the plan asks for it
  bool has_payload = false;
  bool can_be_marked = false;
  bool is_marked = false;  ///< its congestion, by somebody else
};

/// What was decided on a packet, or on a copy of it. Bit or index k means stage k of the plan that decided.
struct Fate {
  static constexpr std::size_t most_stages = core::most_impairments, most_corruptions = core::most_corruptions,
                               most_delays = core::most_delays;
  struct Corruption {
    std::uint8_t stage = 0;
    std::uint64_t key = 0;  ///< of the draw stream for its bits
  };

  /// What one stage delays it by.
  struct Own {
    std::chrono::nanoseconds delay{};
    std::uint8_t stage = 0;
    bool waited = false;  ///< in that stage's queue, behind others
    bool operator==(const Own& other) const = default;
  };

  bool dropped = false;
  std::uint8_t hops = 0;  ///< to take from its time to live
  std::uint8_t corruption_count = 0;
  std::uint8_t own_count = 0;
  std::int8_t copy_of = -1;            ///< the stage that made this copy; -1: the packet itself
  std::uint64_t met = 0;               ///< stages it was offered to
  std::uint64_t changed = 0;           ///< stages that did something to it
  std::uint64_t marks = 0;             ///< stages that want its congestion marked
  std::chrono::nanoseconds ordered{};  ///< delay that keeps the order of its link
  std::chrono::nanoseconds loose{};    ///< delay on top in which others may overtake
  std::array<Corruption, most_corruptions> corruptions{};
  std::array<Own, most_delays> owns{};  ///< by stage

  /// Of stages beyond most_delays only the sum is kept.
  void delay_by(std::size_t stage, std::chrono::nanoseconds delay, bool waited = false) {
    if (own_count < most_delays) owns[own_count++] = {delay, static_cast<std::uint8_t>(stage), waited};
  }
  [[nodiscard]] std::chrono::nanoseconds delay() const { return ordered + loose; }
  /// Both can travel as one super-packet.
  [[nodiscard]] bool travels_with(const Fate& other) const {
    return !dropped && !other.dropped && corruption_count == 0 && other.corruption_count == 0 &&
           ordered == other.ordered && loose == other.loose && met == other.met && changed == other.changed &&
           marks == other.marks && hops == other.hops && copy_of == other.copy_of && owns == other.owns;
  }
};

}  // namespace withstand::lab::link
