#pragma once

#include "lab/command.hpp"
#include "os/process.hpp"

namespace withstand::lab {

/// In the fresh child that is to execute a command: joins the node, forks into its PID namespace, drops privileges.
/// Returns in the grandchild only; the child itself waits for it and ends as it ended. It dies with `parent`, the
/// process that forked it. `kept` are more descriptors that stay open in the grandchild. Whatever fails is said on
/// standard error, and the process ends with status 126.
void enter_node_for_command(const CommandPlace& place, const os::Parent& parent, const std::vector<int>& kept);

/// The same for a person's shell: in the caller's session, with its terminal and streams.
void enter_node_on_terminal(const CommandPlace& place);

/// In the grandchild, after execve failed: says so on standard error and ends with 127 (not found) or 126, as shells
/// do.
[[noreturn]] void give_up_command(const std::string& program, int error);

}  // namespace withstand::lab
