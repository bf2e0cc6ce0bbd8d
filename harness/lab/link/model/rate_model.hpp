#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "core/draw.hpp"
#include "core/event_loop.hpp"
#include "core/impairment.hpp"
#include "lab/link/model/backlog.hpp"
#include "lab/link/model/bottleneck.hpp"
#include "lab/link/model/link_trace.hpp"
#include "lab/link/model/slots.hpp"

namespace withstand::lab::link {

/// How many bytes may wait: what the settings say, else what the rate carries in twice the `delay` that the link's
/// packets have besides, or in 100 ms if that is more, and never less than ten large packets or more than 64 MiB; a
/// bloated one 5 s. `bits_per_second` 0: of a link with slots only.
std::uint64_t queue_size(const core::RateSettings& settings, double bits_per_second, std::chrono::nanoseconds delay);

/// A link of limited capacity: a queue in front of a rate or of a recorded trace, and slots behind it. The queue takes
/// packets until it is full and refuses those that come then (drop-tail); it always takes one.
class RateModel {
 public:
  struct Departure {
    core::Instant leaves;
    bool waited = false;  ///< another was in the queue when it came
    bool marked = false;  ///< it waits longer than mark_above: its congestion is to be marked, if it can carry marks
  };

  /// `trace` where settings.trace says so.
  RateModel(const core::RateSettings& settings, const core::DrawStream& draws, core::Instant start, Table trace = {});
  /// For a packet that comes at `now`, which must not fall; nothing when the queue is full.
  [[nodiscard]] std::optional<Departure> offer(core::Instant now, std::uint32_t packet_bytes);
  /// With an empty queue from `now` on, which may lie before packets that were offered.
  void begin_anew(core::Instant now);
  /// What else the packets of this link are delayed: see queue_size.
  void size_queue(std::chrono::nanoseconds delay);
  [[nodiscard]] std::uint64_t queue_bytes() const { return limit_; }

 private:
  core::RateSettings settings_;
  std::optional<Bottleneck> bottleneck_;
  std::optional<LinkTrace> trace_;
  std::optional<Slots> slots_;
  Backlog backlog_;
  std::uint64_t limit_ = 0;
};

}  // namespace withstand::lab::link
