#pragma once

#include <chrono>
#include <cstdint>

#include "core/event_loop.hpp"
#include "core/links.hpp"
#include "lab/link/delay_histogram.hpp"

namespace withstand::lab::link {

/// Where packets that passed a stage ended.
struct Outcome {
  std::uint64_t delivered = 0;      ///< written to the receiver's interface
  std::uint64_t dropped_later = 0;  ///< refused by a stage behind, by a full queue or by the receiver's interface
  std::uint64_t in_flight = 0;
  [[nodiscard]] std::uint64_t sum() const { return delivered + dropped_later + in_flight; }
};

/// Bytes that left a link behind others that they had waited for, and how long they took: the rate that a queue drains
/// at.
class DrainMeter {
 public:
  /// `sequence`, `packets`: which of the link's they are. Between two that are no neighbours (what is held behind the
  /// queue comes out in another order) nobody knows what left.
  void add(core::Instant read, core::Instant written, std::uint64_t wire_bytes, bool waited, std::uint64_t sequence,
           std::uint32_t packets);
  void fill(core::LinkEffect& effect) const;

 private:
  core::Instant first_read_{}, last_written_{}, previous_{};
  std::uint64_t bytes_ = 0, busy_bytes_ = 0, last_ = 0, next_ = 0;  ///< of sequence numbers: the last, the one after
  std::chrono::nanoseconds busy_{};
};

/// Whether packets took the time that they were asked to take, parcel by parcel: several packets that travelled as one
/// were drawn one delay, and count once.
class DelayTrace {
 public:
  /// `drawn`: before order was kept; `requested`: read to due; `measured`: read to written.
  void add(std::chrono::nanoseconds drawn, std::chrono::nanoseconds requested, std::chrono::nanoseconds measured);
  void fill(core::LinkEffect& effect) const;

 private:
  std::uint64_t count_ = 0, hasty_ = 0;
  std::chrono::nanoseconds drawn_min_ = std::chrono::nanoseconds::max(), drawn_max_{};
  std::int64_t first_requested_ = 0, first_measured_ = 0;
  double requested_ = 0, measured_ = 0, requested_squares_ = 0, measured_squares_ = 0, products_ = 0;
};

/// What was seen at the egress of packets that passed one stage.
struct Egress {
  Outcome all, changed;
  std::uint64_t reordered = 0, marked = 0;
  std::uint32_t largest = 0;       ///< bytes of one packet
  std::uint32_t least_hops = 255;  ///< taken from the time to live
  DelayHistogram delay;            ///< read to written
  Moments drawn;                   ///< what the stages asked for, before order was kept
  std::int64_t scheduled_sum = 0;  ///< read to due
  DelayTrace trace;
  DrainMeter drain;
};

}  // namespace withstand::lab::link
