#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "check/verdict.hpp"
#include "check/windows.hpp"
#include "core/injector.hpp"
#include "core/lab.hpp"
#include "load/summary.hpp"
#include "os/oom_watch.hpp"
#include "record/history.hpp"
#include "run/recorder.hpp"
#include "run/surroundings.hpp"
#include "spec/experiment.hpp"

namespace withstand::run {

/// A node that was started again and was not ready when `after` ended.
struct UnreadyNode {
  std::string name;
  std::chrono::nanoseconds since_start{};
  std::chrono::nanoseconds patience{};  ///< how long its target gives a start
  std::string why;
};

/// What was seen in a run, gathered while it went on.
struct Observations {
  std::vector<check::PhaseWindow> phases;
  std::vector<check::ProbeObservation> probes;
  std::vector<core::Exit> exits;
  std::vector<core::Injector::Result> injections;
  std::vector<record::Operation> operations;
  std::vector<std::string> history_problems;
  std::vector<std::string> live_nodes;
  std::vector<UnreadyNode> unready;
  std::optional<core::Instant> last_fault_end;
  std::optional<load::Summary> load;
  std::optional<core::FabricHealth> links;
  std::vector<os::OomKill> oom_kills;
  std::vector<MachineShare> shares;  ///< of the phases before, during and after
  std::vector<StallWatch::Stall> stalls;
  std::optional<std::string> host_out_of_memory;  ///< what says so
  bool without_faults = false;                    ///< --control: there is nothing to recover from
};

/// Called a few times a second while a check judges the history, with the check's name.
using WhileChecking = std::function<void(const std::string& check)>;

/// Judges everything that was seen, writes each result into the journal, and adds it to `verdict`. A check runs in a
/// thread of its own, so that a long one does not look like a hang; no thread is left when this returns.
void judge(const spec::Experiment& experiment, const core::Topology& topology, const Observations& seen,
           Recorder& recorder, check::VerdictInput& verdict, const WhileChecking& while_checking);

}  // namespace withstand::run
