#pragma once

#include <string>
#include <vector>

#include "core/fault.hpp"
#include "core/plan.hpp"
#include "spec/experiment.hpp"

namespace withstand::lab {
class Programs;
}

namespace withstand::run {

/// Doctor's features that every run needs, whatever its faults: the lab stands on them.
const std::vector<std::string>& features_of_the_lab();
/// The same for a run on attached nodes, which needs no network of its own.
const std::vector<std::string>& features_of_an_attached_lab();

/// What this machine lacks for a run, each with what was seen and what to do; empty when nothing does. Features are
/// tried, not looked up; programs of the target are searched as the lab will.
std::vector<std::string> missing_requirements(const spec::Experiment& experiment, const core::Plan& plan,
                                              const core::Catalog& catalog);

/// Why the program of a node's command cannot be started: where it was looked for, or that it is there and no program.
/// Empty when it can.
std::string why_no_program(const std::string& name, const lab::Programs& programs);
/// The same for the program of a load of one's own, placeholders and all; a relative path starts at `folder`. Empty
/// also where only a run can fill a placeholder.
std::string why_no_load_program(const std::string& text, const std::string& folder, const lab::Programs& programs);

}  // namespace withstand::run
