#include "lab/link/model/backlog.hpp"

#include <algorithm>

namespace withstand::lab::link {

void Backlog::add(core::Instant leaves, std::uint32_t bytes) {
  if (count_ == ring_.size()) {
    std::rotate(ring_.begin(), ring_.begin() + static_cast<std::ptrdiff_t>(first_), ring_.end());
    first_ = 0;
    ring_.resize(std::max<std::size_t>(64, 2 * ring_.size()));
  }
  ring_[(first_ + count_++) % ring_.size()] = {leaves, bytes};
  bytes_ += bytes;
}

std::uint64_t Backlog::bytes(core::Instant now) {
  while (count_ > 0 && ring_[first_].leaves <= now) {
    bytes_ -= ring_[first_].bytes;
    first_ = (first_ + 1) % ring_.size();
    --count_;
  }
  return bytes_;
}

}  // namespace withstand::lab::link
