#pragma once

#include <span>
#include <string>
#include <vector>

#include "check/windows.hpp"
#include "core/lab.hpp"
#include "core/topology.hpp"
#include "os/oom_watch.hpp"
#include "record/journal.hpp"

namespace withstand::check {

struct ExitsInput {
  std::span<const core::Exit> exits;            ///< of the whole run, in any order
  core::Instant epoch{};                        ///< the run's
  std::vector<std::string> allowed;             ///< spec::ExpectSpec::exits: "KIND:CODE", "NODE:SIGNAL"
  bool host_out_of_memory = false;              ///< a SIGKILL that nobody asked for may then be the host's
  std::span<const os::OomKill> oom_kills = {};  ///< whom the kernel killed for want of memory, as far as it is known
  std::vector<PhaseWindow> phases{};            ///< for the words
};

/// One result per node that exited unasked, named "exit: NODE", failed (inconclusive where it was killed and the host
/// itself, or a limit around the harness, ran out of memory; a limit of the node's own is the node's to keep). When
/// there is none: one result named "exits" that held. Pure.
std::vector<record::CheckResult> judge_exits(const ExitsInput& input, const core::Topology& topology);

}  // namespace withstand::check
