#include "lab/link/health.hpp"

#include <fmt/format.h>

namespace withstand::lab::link {
namespace {

// Half of TCP's shortest retransmission time-out (200 ms on Linux): a shorter stall cannot by itself be taken for loss.
constexpr std::int64_t promised_stall_ns = 100'000'000;

double milliseconds(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

void add_reason(std::string& text, const std::string& reason) { text += (text.empty() ? "" : "; ") + reason; }

void judge_node(const core::NodeInfo& node, const NodeAudit& audit, std::string& overload) {
  if (audit.kernel.tx_dropped > 0)
    add_reason(overload, fmt::format("{} packets that {} sent were lost because the fabric did not read them in time",
                                     audit.kernel.tx_dropped, node.name));
  if (audit.kernel.tx_packets != audit.fabric.read)
    add_reason(overload, fmt::format("the kernel counted {} frames read from {}, the fabric {}",
                                     audit.kernel.tx_packets, node.name, audit.fabric.read));
  if (audit.kernel.rx_packets != audit.fabric.written)
    add_reason(overload, fmt::format("the kernel counted {} frames written to {}, the fabric {}",
                                     audit.kernel.rx_packets, node.name, audit.fabric.written));
}

}  // namespace

core::FabricHealth judge_health(const core::Topology& topology, const HealthReply& reply,
                                const std::vector<NodeAudit>& audits) {
  core::FabricHealth health{.queue_drops = reply.queue_drops,
                            .unroutable = reply.unroutable,
                            .lateness_p99_ns = reply.lateness_p99_ns,
                            .lateness_max_ns = reply.lateness_max_ns,
                            .stall_max_ns = reply.stall_max_ns,
                            .scheduling = reply.realtime ? "SCHED_FIFO 1" : "not real-time",
                            .overload = {}};
  for (core::NodeId id = 0; id < audits.size(); ++id) {
    health.forwarded += audits[id].fabric.written;
    health.kernel_drops += audits[id].kernel.tx_dropped;
    judge_node(topology.at(id), audits[id], health.overload);
  }
  if (reply.queue_drops > 0)
    add_reason(health.overload, fmt::format("{} packets found a delayed link's queue full", reply.queue_drops));
  if (reply.late * 100 > reply.queued)
    add_reason(health.overload,
               fmt::format("{} of {} delayed packets left more than 2 ms, or a tenth of their delay, after their time "
                           "(99th percentile of all {:.1f} ms)",
                           reply.late, reply.queued, milliseconds(reply.lateness_p99_ns)));
  if (reply.stall_max_ns > promised_stall_ns)
    add_reason(health.overload, fmt::format("the fabric stood still for {:.0f} ms", milliseconds(reply.stall_max_ns)));
  return health;
}

}  // namespace withstand::lab::link
