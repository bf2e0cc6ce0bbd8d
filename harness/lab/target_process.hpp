#pragma once

#include <string>
#include <vector>

#include "lab/node_plan.hpp"

namespace withstand::lab {

/// Drops everything that the node's user is not to have: uid, gid, groups, capabilities, the way back to any; sets
/// limits (no core files, as many descriptors as are allowed), umask and default signals. For good.
void drop_to(const os::Credentials& who);

/// From here on this process and what it executes live by the clock of their node: its filter's listener goes over the
/// door's socket; without one nothing happens. For good; privileges must have been dropped. Throws os::SystemError.
void enter_clock_domain(const ClockDoor& door);

/// In a fresh child: becomes the target. Does not return; when it cannot, `report` (a socket that is close-on-exec)
/// tells, see os::set_up_or_report.
[[noreturn]] void become_target(const NodePlan& plan, const std::vector<std::string>& argv, int standard_output,
                                int standard_error, int report);

}  // namespace withstand::lab
