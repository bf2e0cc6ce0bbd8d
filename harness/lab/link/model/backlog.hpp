#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/event_loop.hpp"

namespace withstand::lab::link {

/// How many bytes wait, given when each packet leaves: a ring that grows with the longest queue and never shrinks.
class Backlog {
 public:
  /// `leaves` must not fall from one packet to the next.
  void add(core::Instant leaves, std::uint32_t bytes);
  /// Bytes of packets that leave after `now`; `now` must not fall.
  [[nodiscard]] std::uint64_t bytes(core::Instant now);

 private:
  struct Entry {
    core::Instant leaves;
    std::uint32_t bytes;
  };
  std::vector<Entry> ring_;
  std::size_t first_ = 0, count_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace withstand::lab::link
