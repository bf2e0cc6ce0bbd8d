#include "lab/link/health.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace withstand::lab::link {
namespace {

// Half of TCP's shortest retransmission time-out (200 ms on Linux): a shorter stall cannot by itself be taken for loss.
constexpr std::int64_t promised_stall_ns = 100'000'000;

double milliseconds(std::int64_t ns) { return static_cast<double>(ns) / 1e6; }

void add_reason(std::string& text, const std::string& reason) { text += (text.empty() ? "" : "; ") + reason; }

/// Beyond so many nodes one sentence tells of all.
constexpr std::size_t most_told = 3;

/// What went wrong in the same way with several nodes.
class Losses {
 public:
  void add(const std::string& node, std::uint64_t kernel, std::uint64_t fabric) {
    found_.push_back({node, kernel, fabric, kernel > fabric ? kernel - fabric : fabric - kernel});
  }
  /// `one` takes the kernel's count, the node and the fabric's count; `all` the sum of the differences, how many nodes,
  /// the node with the greatest and how great it is.
  void tell(const std::string& one, const std::string& all, std::string& overload) const {
    if (found_.size() > most_told) {
      const auto worst = std::max_element(found_.begin(), found_.end(),
                                          [](const Loss& a, const Loss& b) { return a.difference < b.difference; });
      std::uint64_t sum = 0;
      for (const Loss& loss : found_) sum += loss.difference;
      return add_reason(overload, fmt::format(fmt::runtime(all), sum, found_.size(), worst->node, worst->difference));
    }
    for (const Loss& loss : found_)
      add_reason(overload, fmt::format(fmt::runtime(one), loss.kernel, loss.node, loss.fabric));
  }

 private:
  struct Loss {
    std::string node;
    std::uint64_t kernel = 0, fabric = 0, difference = 0;
  };
  std::vector<Loss> found_;
};

void judge_nodes(const core::Topology& topology, const std::vector<NodeAudit>& audits, std::string& overload) {
  Losses unread, read, written;
  for (core::NodeId id = 0; id < audits.size(); ++id) {
    const std::string& node = topology.at(id).name;
    const auto& [fabric, kernel] = audits[id];
    if (kernel.tx_dropped > 0) unread.add(node, kernel.tx_dropped, 0);
    if (kernel.tx_packets != fabric.read) read.add(node, kernel.tx_packets, fabric.read);
    if (kernel.rx_packets != fabric.written) written.add(node, kernel.rx_packets, fabric.written);
  }
  unread.tell("{} packets that {} sent were lost because the fabric did not read them in time",
              "{} packets that {} nodes sent were lost because the fabric did not read them in time (most of {}: {})",
              overload);
  read.tell("the kernel counted {} frames read from {}, the fabric {}",
            "kernel and fabric differ by {} frames in what was read from {} nodes (most for {}: {})", overload);
  written.tell("the kernel counted {} frames written to {}, the fabric {}",
               "kernel and fabric differ by {} frames in what was written to {} nodes (most for {}: {})", overload);
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
  }
  judge_nodes(topology, audits, health.overload);
  if (reply.queue_drops > 0)
    add_reason(health.overload, fmt::format("{} packets found a delayed link's queue full", reply.queue_drops));
  if (reply.write_losses > 0)
    add_reason(health.overload,
               fmt::format("{} packets were lost because a node's kernel did not take them", reply.write_losses));
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
