#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/event_loop.hpp"
#include "core/topology.hpp"
#include "lab/link/frame.hpp"
#include "lab/link/stage.hpp"

namespace withstand::lab::link {

/// What is known of a packet (or super-packet) on its way through a link, besides its bytes.
struct Passage {
  core::Link link;
  core::Instant read{}, due{};
  std::chrono::nanoseconds drawn{};               ///< what the stages asked for, before order was kept
  std::chrono::nanoseconds patience{};            ///< how late it may be written
  std::uint64_t met = 0, changed = 0, marks = 0;  ///< as Fate has them
  std::array<Fate::Own, Fate::most_delays> owns{};
  std::uint8_t own_count = 0;
  std::uint64_t sequence = 0;     ///< of its first packet among all that this link was offered
  std::uint64_t digest = 0;       ///< of what was made of it; where the plan corrupts
  std::uint32_t packets = 1;      ///< on the wire
  std::uint32_t era = 0;          ///< of its link: packets of one era keep their order
  std::uint8_t time_to_live = 0;  ///< as read
  bool copy = false;
  bool damaged = false;  ///< what it says of itself need not be true
};

/// One that was let through and waits for its time.
struct Parcel : Passage {
  std::shared_ptr<const Plan> plan;
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
