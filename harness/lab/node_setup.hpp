#pragma once

#include "lab/node_plan.hpp"

namespace withstand::lab {

/// In a node's first process, which is in new PID, mount, UTS and IPC namespaces: private mounts, /proc, host name,
/// the files about names (/etc/hosts, /etc/resolv.conf, /etc/nsswitch.conf), /run with the node's folders, and for
/// nodes with a target a /tmp, /var/tmp and /dev/shm of their own, so that nodes do not meet there and leave nothing
/// behind. Throws os::SystemError.
void set_up_mounts(const NodePlan& plan);

}  // namespace withstand::lab
