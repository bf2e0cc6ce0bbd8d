#pragma once

#include <string>

#include "core/evidence.hpp"
#include "core/links.hpp"

namespace withstand::faults {

/// Judges whether the packets of a link took as long as network.latency asked: none less than was drawn, in the mean
/// not much more than was due; and with jitter, that the delays drawn are spread as asked (SpreadTest; a clean run is
/// blamed less than once in 10^9 times) and that the measured ones follow them (their slope is not below one half by
/// six standard errors; of fewer than 30 draws nothing is said of this).
core::EvidenceRow judge_delay(const core::Impairment& impairment, const core::LinkEffect& effect,
                              const std::string& link);

}  // namespace withstand::faults
