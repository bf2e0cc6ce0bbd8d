#pragma once

#include <vector>

#include "core/links.hpp"
#include "core/topology.hpp"
#include "lab/link/protocol.hpp"

namespace withstand::lab::link {

/// What the fabric reported, and whether that is within its promise. Pure. audits[id] is of node id.
core::FabricHealth judge_health(const core::Topology& topology, const HealthReply& reply,
                                const std::vector<NodeAudit>& audits);

}  // namespace withstand::lab::link
