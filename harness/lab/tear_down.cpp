#include <algorithm>
#include <set>
#include <signal.h>

#include <fmt/format.h>

#include "lab/local_lab_impl.hpp"
#include "os/wait_status.hpp"

namespace withstand::lab {
namespace {

constexpr const char* asked_by = "tear-down";

/// Also while it is only about to start: it has no process yet that could be asked to stop, but will.
bool runs(const core::NodeState& state) {
  using Phase = core::NodeState::Phase;
  return state.phase == Phase::starting || state.phase == Phase::ready || state.phase == Phase::paused;
}

/// Asks one node to stop as target.toml says.
void ask(LocalLab::Impl& lab, core::NodeId id) {
  const auto& stop = lab.renderer.kind(id)->stop;
  Node& node = lab.node(id);
  node.expect_exit(asked_by);
  if (stop.command.empty()) {
    const int signal = stop.signal.empty() ? SIGTERM : os::signal_number(stop.signal);
    return node.signal(signal, false, asked_by);
  }
  // What becomes of the command is seen by whether the node ends.
  lab.run(id, lab.renderer.command(id, stop.command), stop.grace, [](const core::CommandResult&) {});
}

/// A node whose start was asked for just before (the roll-back starts again what a fault had killed) is asked as soon
/// as it runs: others may wait for it to be gone.
void stop_politely(LocalLab::Impl& lab, const std::function<bool()>& at_once) {
  std::set<core::NodeId> asked;
  core::Instant deadline = core::now();
  for (const auto id : lab.topology.targets())
    if (runs(lab.node(id).state())) deadline = std::max(deadline, core::now() + lab.renderer.kind(id)->stop.grace);
  const auto all_ended = [&] {
    bool none = true;
    for (const auto id : lab.topology.targets()) {
      const auto state = lab.node(id).state();
      if (!runs(state)) continue;
      none = false;
      if (state.host_pid != 0 && asked.insert(id).second) ask(lab, id);
    }
    return none;
  };
  lab.loop.run_until([&] { return all_ended() || at_once(); }, deadline);
}

}  // namespace

std::vector<std::string> LocalLab::tear_down(const std::function<bool()>& at_once) {
  auto& lab = *impl_;
  lab.ending = true;
  lab.readiness.clear();
  lab.start_waiters.clear();
  for (const auto& node : lab.nodes) node->resume_all();
  if (!lab.nodes.empty())
    stop_politely(
        lab, at_once ? at_once : [] { return false; });
  lab.guardian_death.reset();
  lab.end_nodes();
  lab.names.reset();
  lab.fabric = nullptr;
  lab.links.reset();
  lab.disks.reset();
  return lab.foundation.remove();
}

}  // namespace withstand::lab
