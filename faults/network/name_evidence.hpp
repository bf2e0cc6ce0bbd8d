#pragma once

#include <vector>

#include "core/evidence.hpp"
#include "core/names.hpp"
#include "core/topology.hpp"

namespace withstand::faults {

/// A row per node that asked for what the fault concerns; one row that says what was asked instead when none did.
core::Evidence name_evidence(const core::NameFault& asked, const std::vector<core::NameEffect>& effects,
                             const core::Topology& topology);

}  // namespace withstand::faults
