#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/plan.hpp"

/// What is wrong with an experiment because of what a seed draws. Pure.
namespace withstand::core {

/// Aimed by a role: whom it hits is asked when it starts.
bool needs_asking(const PlannedInjection& injection);

/// The faults that hit nobody with this seed's draws, although with others they may. Of roles nothing is known yet.
std::vector<spec::Diagnostic> misses(std::uint64_t seed, const spec::Experiment& experiment, const Topology& topology,
                                     const Catalog& catalog);

/// Links that more injections may impair at the same time than a link bears, with the fault that is one too many. What
/// waits for a log line or a role may come at any time; whom a role means is not known yet, and not counted.
std::vector<spec::Diagnostic> crowded_links(std::uint64_t seed, const spec::Experiment& experiment,
                                            const Topology& topology, const Catalog& catalog);

}  // namespace withstand::core
