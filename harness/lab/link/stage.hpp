#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/draw.hpp"
#include "core/event_loop.hpp"
#include "core/links.hpp"
#include "lab/link/delay_histogram.hpp"

/// The decisions on one link: its stages, in order. Deciding counts only what arrives at a stage and never what it
/// refused: that follows from what is seen to leave (Egress), and must agree with a recount from the seed.
namespace withstand::lab::link {

/// What all links of one impairment share.
struct StageSettings {
  core::Impairment::Kind kind = core::Impairment::Kind::partition;
  std::uint64_t handle = 0;  ///< later ones are larger
  std::int64_t loss_ppb = 0;
  std::chrono::nanoseconds delay{}, jitter{};
};

/// What was seen at the egress of packets that passed one stage.
struct Egress {
  std::uint64_t delivered = 0;      ///< written to the receiver's interface
  std::uint64_t dropped_later = 0;  ///< refused by a stage behind, by a full queue or by the receiver's interface
  std::uint64_t in_flight = 0;
  DelayHistogram delay;            ///< read to written
  std::int64_t scheduled_sum = 0;  ///< read to due
  std::int64_t drawn_sum = 0;      ///< what the stages asked for, before order was kept
};

/// One impairment on one link.
struct Stage {
  StageSettings settings;
  core::DrawStream draws;
  std::uint64_t next_draw = 0;
  std::uint64_t offered = 0;  ///< packets on the wire that reached it
  core::Instant added{}, removed = core::Instant::max();
  Egress egress;

  /// As reported; `decided_drops` is left to others.
  [[nodiscard]] core::LinkEffect effect(core::Link link) const;
};

/// The stages of one link at one time: partitions, then losses, then latencies; of one kind in the order they were
/// added. A packet keeps the plan it was decided by, so that it is accounted where it was offered.
using Plan = std::vector<std::shared_ptr<Stage>>;

/// True when a decision of this plan is about one packet on the wire, so that super-packets must be segmented first.
bool needs_packets(const Plan& plan);

/// Sums of the delays a plan may ask for, at most; zero without latency.
std::chrono::nanoseconds longest_delay(const Plan& plan);

/// Decides on one packet (or one super-packet of `packets`, where needs_packets is false): nothing when a stage refuses
/// it, else the delay that all latencies together ask for. Advances ordinals.
std::optional<std::chrono::nanoseconds> decide(const Plan& plan, std::uint64_t packets);

}  // namespace withstand::lab::link
