#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "spec/diagnostic.hpp"
#include "spec/experiment.hpp"
#include "spec/parameter.hpp"

/// What can be said about a schedule before anything runs. Pure, thread-safe.
namespace withstand::spec {

/// When a fault starts: at a time after the event that its chain of faults begins with.
struct PlannedStart {
  std::string event;  ///< name of the fault that waits for a log line or a role; empty: the start of `during`
  Duration after{};
};
/// Nothing for a fault that does not exist, and for faults that wait for each other.
std::optional<PlannedStart> start_of(const Experiment& experiment, const FaultSpec& fault);

/// When a fault starts, from the start of `during`: known for `at`, and for `when = { fault }` on a fault for which it
/// is known. Nothing for log lines and roles, for a fault that does not exist, and for faults that wait for each other.
std::optional<Duration> planned_start(const Experiment& experiment, const FaultSpec& fault);

/// How long a fault has its effect, at most: `for`, or until its nodes are back (KindSchema::back_after and downtime),
/// or (absent) until the end of `during`; zero for an instant that takes nothing down.
std::optional<Duration> planned_length(const FaultSpec& fault, const KindSchema& schema);

/// An instant that takes nodes down and does not bring them back: they stay down until the run ends.
bool stays_down(const FaultSpec& fault, const KindSchema& schema);

/// How many of so many nodes of one kind `[limits] down` allows to be down at once; all, where it is empty.
std::int64_t most_down(const std::string& down, std::int64_t nodes);

/// What `[limits]` forbids and this schedule does: an injection longer than max_duration; more nodes of one kind down
/// at once (killed, ended, paused) than `down` allows. A fault that waits for a log line or a role, and what follows
/// it, may come at any time, so it is counted with whatever may be down then. Nodes that only the run can name are
/// counted where their number is certain (a role is held by one at least), and never twice; `decided` tells which nodes
/// a fault hits where the seed has decided that already. What cuts or slows links takes nothing down.
using Decided = std::function<std::optional<std::set<std::string>>(const FaultSpec&)>;
std::vector<Diagnostic> limit_violations(const Experiment& experiment, const KindTable& kinds,
                                         const Decided& decided = {});

}  // namespace withstand::spec
