#pragma once

#include <span>
#include <string>
#include <vector>

#include "core/lab.hpp"
#include "core/topology.hpp"
#include "record/journal.hpp"

namespace withstand::check {

struct ExitsInput {
  std::span<const core::Exit> exits;  ///< of the whole run, in any order
  core::Instant epoch{};              ///< the run's
  std::vector<std::string> allowed;   ///< spec::ExpectSpec::exits: "KIND:CODE", "NODE:SIGNAL"
  bool host_out_of_memory = false;    ///< a SIGKILL that nobody asked for may then be the host's
};

/// One result per node that exited unasked, named "exit: NODE", failed (inconclusive where the host itself ran out of
/// memory and the node was killed). When there is none: one result named "exits" that held. Pure.
std::vector<record::CheckResult> judge_exits(const ExitsInput& input, const core::Topology& topology);

}  // namespace withstand::check
