#pragma once

#include <cstdint>

#include "os/netlink_attributes.hpp"

namespace withstand::os {

/// What the kernel counted of one queue or one action (gnet_stats). `packets` counts a super-packet of segmentation
/// offload as what it is made of; `dropped` and `waiting` count it as one.
struct TrafficCounters {
  std::uint64_t packets = 0, bytes = 0;  ///< that left
  std::uint32_t waiting = 0;             ///< packets that are held, by the queues inside it too
  std::uint32_t dropped = 0;             ///< also by the queues inside it; wraps
  std::uint32_t requeued = 0;            ///< netem: sent ahead of others
  std::uint32_t throttled = 0;           ///< a rate: how often it had to wait
};

/// From the attributes of TCA_STATS2 or TCA_ACT_STATS.
TrafficCounters parse_counters(const Attributes& found);

}  // namespace withstand::os
