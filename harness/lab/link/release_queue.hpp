#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/event_loop.hpp"
#include "core/topology.hpp"
#include "lab/link/frame.hpp"
#include "lab/link/stage.hpp"

namespace withstand::lab::link {

/// A packet (or super-packet) that was let through and waits for its time.
struct Parcel {
  core::Link link;
  std::shared_ptr<const Plan> plan;
  core::Instant read{}, due{};
  std::chrono::nanoseconds drawn{};  ///< what the latencies asked for, before order was kept
  std::uint32_t packets = 1;         ///< on the wire
  std::uint32_t size = 0;
  std::unique_ptr<std::byte[]> bytes;

  [[nodiscard]] FrameView frame() const { return {bytes.get(), size}; }
};

/// All waiting packets of all links, by due time; equal times leave in the order they came. A binary heap of small
/// entries; the parcels themselves do not move.
class ReleaseQueue {
 public:
  void push(Parcel parcel);
  [[nodiscard]] bool empty() const { return heap_.empty(); }
  [[nodiscard]] std::size_t size() const { return heap_.size(); }
  /// Due time of the first; Instant::max() when empty.
  [[nodiscard]] core::Instant next_due() const { return heap_.empty() ? core::Instant::max() : heap_.front().due; }
  Parcel pop();

 private:
  struct Entry {
    core::Instant due;
    std::uint64_t arrival;
    std::size_t slot;
    /// For std::push_heap, which puts the largest first.
    bool operator<(const Entry& other) const { return due != other.due ? due > other.due : arrival > other.arrival; }
  };

  std::vector<Entry> heap_;
  std::vector<Parcel> parcels_;
  std::vector<std::size_t> free_;
  std::uint64_t arrivals_ = 0;
};

}  // namespace withstand::lab::link
