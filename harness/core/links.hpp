#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/draw.hpp"
#include "core/http.hpp"
#include "core/impairment.hpp"
#include "core/stream.hpp"
#include "core/topology.hpp"

namespace withstand::core {

/// What one injection asks of a set of directed links. Several on one link compose, in the order of `Kind`, and each
/// ends by itself. Losses multiply, delays add up.
struct Impairment {
  enum class Kind { partition, mtu, ttl, loss, duplicate, corrupt, rate, latency, reorder };
  Kind kind = Kind::partition;
  std::string fault;  ///< the injection's name; part of every draw
  std::uint64_t seed = 0;
  LinkSettings settings{};
  /// For settings that name a table or a trace: its entries.
  std::shared_ptr<const std::vector<std::int64_t>> table{};
};

/// The fabric itself takes some microseconds for a packet: a shorter delay cannot be told from none.
constexpr std::chrono::nanoseconds least_wait = std::chrono::microseconds(10);

/// What an impairment did on one link since it was added, in packets on the wire (a super-packet of segmentation
/// offload counts as what it is made of). Nothing here is counted by the code that decides: `offered` is counted before
/// it, the rest where packets leave; so offered = refused + dropped_later + in_flight + delivered, always.
struct LinkEffect {
  Link link;
  std::uint64_t offered = 0;     ///< packets that reached this impairment and match it
  std::uint64_t sent = 0;        ///< packets that came to the link meanwhile, matching or not, taken by others or not
  std::uint64_t refused = 0;     ///< did not come out, and nothing behind this impairment took them
  std::uint64_t decided = 0;     ///< loss: packets to drop; duplicate, corrupt, reorder: packets chosen; decided again
                                 ///< from the seed, in another process, for as many packets as were offered
  std::uint64_t candidates = 0;  ///< reorder: of those offered, how many could be chosen; counted with `decided`
  std::uint64_t dropped_later = 0;  ///< taken by an impairment behind this one, a full queue or a downed interface
  std::uint64_t in_flight = 0;      ///< waiting for their time
  std::uint64_t delivered = 0;      ///< written to the receiver's interface; partition: of the packets sent during its
                                    ///< life, whatever was decided on them, so it must be 0
  /// The same for what was done to packets: copies beside the original, packets whose bytes are others than were read,
  /// packets held back, packets that a rate held for least_wait or longer.
  std::uint64_t changed_delivered = 0, changed_dropped_later = 0, changed_in_flight = 0;
  std::uint64_t reordered = 0;         ///< packets that arrived behind one that was sent after them (RFC 4737 §3.3)
  std::uint64_t marked = 0;            ///< packets that arrived with a congestion mark of this impairment
  std::uint64_t largest = 0;           ///< mtu: bytes of the largest packet that arrived
  std::uint64_t least_hops_taken = 0;  ///< ttl: from the time to live of any packet that arrived
  std::uint64_t times_down = 0;        ///< partition: of a link that flaps
  std::uint64_t delayed = 0;           ///< latency, rate, reorder: packets delivered with this impairment's delay
  std::int64_t delay_mean_ns = 0, delay_sd_ns = 0, delay_min_ns = 0, delay_max_ns = 0, delay_p50_ns = 0,
               delay_p99_ns = 0;       ///< measured from read to written, without what others asked for
  std::int64_t requested_mean_ns = 0;  ///< latency: mean of what all active delays asked for these packets, order kept:
                                       ///< a packet due before its predecessor waits for it
  std::int64_t drawn_mean_ns = 0, drawn_sd_ns = 0;  ///< the same before order was kept: of the model alone
  std::int64_t drawn_min_ns = 0, drawn_max_ns = 0;
  std::uint64_t draws = 0;  ///< of those: packets that travelled as one were drawn one delay
  std::uint64_t hasty = 0;  ///< of those: due sooner than was drawn, which keeping order cannot do
  /// How much longer a packet took that was asked to take a nanosecond longer, by least squares, and the standard error
  /// of that: 1 when each took what it was asked, 0 when all took the same; 0 ± 0 when all were asked the same.
  double follows = 0, follows_error = 0;
  /// rate: bytes on the wire that left in one go (each was there before the one before it had left), and how long that
  /// took; and all bytes, from the first packet read to the last written.
  std::uint64_t busy_bytes = 0, wire_bytes = 0;
  std::int64_t busy_ns = 0, span_ns = 0;
  std::uint64_t queue_bytes = 0;   ///< rate: how much its queue holds
  std::uint64_t bucket_bytes = 0;  ///< rate: how much may leave at once beside what the settings say

  /// Who counted. kernel: the counters of its own queues, and what listens before and behind them. It does not tell
  /// what it drew: `decided`, `draws` and `drawn_...` are 0; delays and order are those of a sample, and of what asks
  /// for a delay only the mean of the models is known in `requested_mean_ns`. `sent` is what the link's filters took.
  /// corrupt: `changed_delivered` is how many packets the receiver's network found damaged by their checksums
  /// meanwhile, of all its links.
  enum class Source { fabric, kernel };
  Source source = Source::fabric;
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
  /// That `add` or `add_stream` will be asked for this later, on whatever links: what takes long and can be done
  /// beforehand is done now. Nothing is impaired by it. What stands in the way is told by `add`.
  virtual void expect(const Impairment&) {}
  virtual void expect(const StreamImpairment&) {}
  /// All links switch at once, before this returns. An empty list is an error.
  virtual Handle add(const Impairment& impairment, const std::vector<Link>& links) = 0;
  /// Ends it; packets that it delayed are still delivered at their time. The effect stays readable.
  virtual void remove(Handle handle) = 0;
  [[nodiscard]] virtual std::vector<LinkEffect> effect(Handle handle) = 0;
  /// Of one that was removed: its effect need not be readable any more.
  virtual void forget(Handle) {}
  [[nodiscard]] virtual FabricHealth health() = 0;

  /// The same for connections: those opened over these links, now or later. Removed by `remove`; what it held back then
  /// leaves at once. Only where the plan claimed streams: the fabric follows connections from the lab's start.
  virtual Handle add_stream(const StreamImpairment& impairment, const std::vector<Link>& links) {
    static_cast<void>(impairment), static_cast<void>(links);
    throw std::logic_error("this network does not follow connections");
  }
  [[nodiscard]] virtual std::vector<StreamEffect> stream_effect(Handle) { return {}; }

  /// The same for HTTP messages of connections opened over these links. Only where the plan claimed HTTP: messages are
  /// read from the lab's start, so that it is known where one begins.
  virtual Handle add_http(const HttpImpairment& impairment, const std::vector<Link>& links) {
    static_cast<void>(impairment), static_cast<void>(links);
    throw std::logic_error("this network does not read HTTP");
  }
  [[nodiscard]] virtual std::vector<HttpEffect> http_effect(Handle) { return {}; }
  /// The kinds of requests that were seen most, on all its links, matching or not.
  [[nodiscard]] virtual std::vector<HttpSeen> http_seen(Handle) { return {}; }

  /// The cable of a node's interface, as the node's own kernel reports it.
  struct Carrier {
    bool present = true;
    std::uint32_t changes = 0;  ///< how often it came or went since the interface was made
  };
  /// Takes it out: the interface loses its carrier, keeps addresses and routes, and the node cannot send. What is sent
  /// to the node still arrives; refusing it is a partition's work. Nests: it is in again after as many `plug`s.
  virtual void unplug(NodeId) {}
  virtual void plug(NodeId) {}
  [[nodiscard]] virtual Carrier carrier(NodeId) { return {}; }
};

}  // namespace withstand::core
