#include "os/traffic_counters.hpp"

#include <algorithm>
#include <cstddef>

#include <linux/gen_stats.h>

namespace withstand::os {

TrafficCounters parse_counters(const Attributes& found) {
  TrafficCounters out;
  // The kernel's structure ends before the padding that the header's has.
  const auto basic = found.bytes(TCA_STATS_BASIC);
  gnet_stats_basic counted{};
  if (basic.size() >= offsetof(gnet_stats_basic, packets) + sizeof counted.packets)
    std::memcpy(&counted, basic.data(), std::min(basic.size(), sizeof counted));
  out.bytes = counted.bytes;
  out.packets = found.value<std::uint64_t>(TCA_STATS_PKT64).value_or(counted.packets);
  if (const auto queue = found.value<gnet_stats_queue>(TCA_STATS_QUEUE)) {
    out.waiting = queue->qlen;
    out.dropped = queue->drops;
    out.requeued = queue->requeues;
    out.throttled = queue->overlimits;
  }
  return out;
}

}  // namespace withstand::os
