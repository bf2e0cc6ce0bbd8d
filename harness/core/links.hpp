#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/draw.hpp"
#include "core/topology.hpp"

namespace withstand::core {

/// What one injection asks of a set of directed links. Several on one link compose: partition first, then loss, then
/// delays add up; each ends by itself.
struct Impairment {
  enum class Kind { partition, loss, latency };
  Kind kind = Kind::partition;
  std::string fault;  ///< the injection's name; part of every draw
  std::uint64_t seed = 0;
  // loss
  std::int64_t loss_ppb = 0;  ///< independent per packet
  // latency
  std::chrono::nanoseconds delay{};  ///< one way, added to each packet
  std::chrono::nanoseconds
      jitter{};  ///< uniform in ±jitter; packets of one link keep their order (a later packet never overtakes)
};

/// What an impairment did on one link since it was added, in packets on the wire (a super-packet of segmentation
/// offload counts as what it is made of). Nothing here is counted by the code that decides: `offered` is counted before
/// it, the rest where packets leave; so offered = refused + dropped_later + in_flight + delivered, always.
struct LinkEffect {
  Link link;
  std::uint64_t offered = 0;        ///< packets that reached this impairment
  std::uint64_t refused = 0;        ///< did not come out, and nothing behind this impairment took them
  std::uint64_t decided_drops = 0;  ///< loss: drops decided again from the seed, in another process, for as many
                                    ///< packets as were offered; must equal refused
  std::uint64_t dropped_later = 0;  ///< taken by an impairment behind this one, a full queue or a downed interface
  std::uint64_t in_flight = 0;      ///< waiting for their time
  std::uint64_t delivered = 0;      ///< written to the receiver's interface; partition: of the packets sent during its
                                    ///< life, whatever was decided on them, so it must be 0
  std::uint64_t delayed = 0;        ///< latency: packets delivered with this impairment's delay
  std::int64_t delay_mean_ns = 0, delay_min_ns = 0, delay_max_ns = 0, delay_p50_ns = 0,
               delay_p99_ns = 0;       ///< measured from read to written, all impairments together
  std::int64_t requested_mean_ns = 0;  ///< latency: mean of what all active delays asked for these packets, order kept:
                                       ///< a packet due before its predecessor waits for it
  std::int64_t drawn_mean_ns = 0;      ///< the same before order was kept: of the model alone
};

/// What the whole fabric can say of itself; over its promise, the run is inconclusive.
struct FabricHealth {
  std::uint64_t forwarded = 0;       ///< frames written
  std::uint64_t kernel_drops = 0;    ///< tx_dropped of all TUN devices: the fabric did not read in time
  std::uint64_t queue_drops = 0;     ///< packets: the fabric's own bounded queues overflowed
  std::uint64_t unroutable = 0;      ///< frames for nobody in the lab: multicast, foreign addresses
  std::int64_t lateness_p99_ns = 0;  ///< release behind its due time, over the whole run
  std::int64_t lateness_max_ns = 0;
  std::int64_t stall_max_ns = 0;  ///< the longest the fabric did not run although it had to, packets waiting or not
  std::string scheduling;         ///< "SCHED_FIFO 1", or what was permitted
  std::string overload;  ///< why the promise is broken; empty when it is kept. Also when the kernel's counters of the
                         ///< TUN devices are not exactly what the fabric read and wrote
};

/// The lab's network, as faults see it. Calls return when the fabric has acknowledged (well below 1 ms); they throw
/// when it is gone.
class Links {
 public:
  using Handle = std::uint64_t;
  virtual ~Links() = default;
  /// All links switch at once, before this returns. An empty list is an error.
  virtual Handle add(const Impairment& impairment, const std::vector<Link>& links) = 0;
  /// Ends it; packets that it delayed are still delivered at their time. The effect stays readable.
  virtual void remove(Handle handle) = 0;
  [[nodiscard]] virtual std::vector<LinkEffect> effect(Handle handle) = 0;
  [[nodiscard]] virtual FabricHealth health() = 0;
};

}  // namespace withstand::core
