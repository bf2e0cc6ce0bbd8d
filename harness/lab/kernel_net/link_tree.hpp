#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/links.hpp"
#include "os/netem.hpp"
#include "os/token_bucket.hpp"

namespace withstand::lab::kernel {

/// The queues that do on one directed link what its impairments ask for: a netem for each, one behind the other in the
/// order of core::Impairment::Kind (one netem for all of them where there are copies), then a token bucket for each
/// rate, the slowest innermost: its queue is the one that fills. What travels in cells is paced by a netem instead. In
/// front of all stands a token bucket without a limit, which cuts super-packets into packets, so that each is decided
/// by itself.
struct LinkTree {
  struct Stage {
    std::vector<std::size_t> asked;  ///< which impairments; none: it does nothing
    os::NetemSettings netem;
  };
  struct Rate {
    std::size_t asked = 0;
    os::TokenBucketSettings bucket;
    /// Bytes of each packet from what the kernel counts, frames, to what the settings do: IP and their `overhead`.
    std::int32_t uncounted = 0;
  };
  os::TokenBucketSettings cutter;
  std::vector<Stage> stages;  ///< at least one: what takes no time and loses nothing where only a rate is asked for
  std::vector<Rate> rates;    ///< in the order in which they are nested: the last one is where packets wait
  /// Impairments that no packet reaches: those behind a partition.
  std::vector<std::size_t> idle;
};

/// `asked` in the order of their kinds, all of them possible (core/kernel_limits.hpp), alone and together, and none
/// that rules do. `mtu`: bytes of the interface whose packets come. `link` names it in the seeds. Throws
/// core::CannotAim where that depends on the mtu.
LinkTree plan_link_tree(const std::vector<const core::Impairment*>& asked, std::uint32_t mtu, const std::string& link);

/// Steps of equal probability of a distribution in 1/8192 of its jitter, as netem takes them, in wider steps for long
/// tails: `steps` deviations each.
struct DelayTable {
  std::vector<std::int16_t> entries;
  int steps = 1;
};
DelayTable delay_table(const core::Impairment& latency);

/// Every packet of an Ethernet frame carries so many bytes more than the IP packet.
constexpr std::int32_t frame_header = 14;

}  // namespace withstand::lab::kernel
