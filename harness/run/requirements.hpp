#pragma once

#include <string>
#include <vector>

#include "core/fault.hpp"
#include "core/plan.hpp"
#include "spec/experiment.hpp"

namespace withstand::run {

/// What this machine lacks for a run, each with what was seen and what to do; empty when nothing does. Features are
/// tried, not looked up; programs of the target are searched as the lab will.
std::vector<std::string> missing_requirements(const spec::Experiment& experiment, const core::Plan& plan,
                                              const core::Catalog& catalog);

}  // namespace withstand::run
