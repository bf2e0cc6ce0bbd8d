#pragma once

#include "lab/node_plan.hpp"

namespace withstand::lab {

/// What a node's init holds besides the plan; descriptors of the orchestrator's that came along with the fork.
struct InitDescriptors {
  int control = -1;          ///< SOCK_SEQPACKET, see init_protocol.hpp
  int standard_output = -1;  ///< of the target
  int standard_error = -1;
};

/// PID 1 of a node: starts the target on command, reaps whatever ends, tells how the target ended, and opens sockets in
/// the node's network namespace. When the control socket reports EOF it returns, and the kernel kills every process of
/// the node. Keeps going whatever the target does: nothing here grows with it.
int run_init(const NodePlan& plan, const InitDescriptors& descriptors);

}  // namespace withstand::lab
