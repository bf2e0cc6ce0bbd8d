#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "core/links.hpp"
#include "core/packet_classes.hpp"
#include "core/stream.hpp"
#include "spec/parameter.hpp"

/// What the kernel's own queues (netem, tbf) and packet filter (nftables) cannot do of what the link fabric does.
/// Interfaces that the fabric does not own are impaired by those alone, so what is named here is refused on them, when
/// the experiment is read.
namespace withstand::core {

/// netem keeps a jitter as 31 bits of nanoseconds and says nothing when it cuts one off.
constexpr std::chrono::nanoseconds most_kernel_jitter{2'147'483'647};
/// Of a latency: how many deviations one unit of its table stands for, so that the table's 16 bits hold the longest.
/// Distributions with long tails need more than one.
int jitter_steps(const Impairment& latency);

/// Of one impairment: the parameter to point at (as in the fault that asks for it), what is wrong and what to do.
std::optional<spec::KindTable::Objection> beyond_the_kernel(const Impairment& asked);
/// The same of what is asked of connections.
std::optional<spec::KindTable::Objection> beyond_the_kernel(const StreamSettings& asked, const std::string& action);
/// Of several on one link at the same time, in the order of their kinds.
std::optional<spec::Complaint> beyond_the_kernel_together(const std::vector<const Impairment*>& asked);

/// Whether the packet filter does it, behind the queues, and not a queue: whatever looks at a packet's header, and
/// losses beside copies, which the kernel sends through all queues again.
bool done_by_rules(const std::vector<const Impairment*>& asked, std::size_t place);
/// The classes of packets that need queues of their own, with what the queues of each do, without what rules do. Where
/// rules are for packets that no queue takes otherwise there is a class for all the others, without anything asked of
/// it: it cuts super-packets, so that rules see packets.
std::vector<PacketClass> queue_classes(const std::vector<const Impairment*>& asked);

}  // namespace withstand::core
