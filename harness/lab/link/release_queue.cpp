#include "lab/link/release_queue.hpp"

#include <algorithm>
#include <utility>

namespace withstand::lab::link {

void ReleaseQueue::push(Parcel parcel) {
  if (free_.empty()) {
    free_.push_back(parcels_.size());
    parcels_.emplace_back();
  }
  const std::size_t slot = free_.back();
  free_.pop_back();
  heap_.push_back({parcel.due, arrivals_++, slot});
  std::push_heap(heap_.begin(), heap_.end());
  parcels_[slot] = std::move(parcel);
}

Parcel ReleaseQueue::pop() {
  std::pop_heap(heap_.begin(), heap_.end());
  const std::size_t slot = heap_.back().slot;
  heap_.pop_back();
  free_.push_back(slot);
  return std::exchange(parcels_[slot], Parcel{});
}

}  // namespace withstand::lab::link
