#include "check/exits.hpp"

#include <algorithm>
#include <csignal>
#include <map>

#include <fmt/format.h>

#include "check/describe.hpp"
#include "check/judgement.hpp"
#include "spec/signals.hpp"

namespace withstand::check {

namespace {

using core::Exit;

std::string how_text(const Exit& exit) {
  if (!exit.not_started.empty()) return fmt::format("could not be started ({})", exit.not_started);
  if (!exit.signalled) return fmt::format("exited with status {}", exit.value);
  return fmt::format("was ended by {}{}", spec::signal_name(exit.value), exit.core_dumped ? " (core dumped)" : "");
}

/// `rule` is "WHO:WHAT": a node or a kind, and an exit status or a signal's name.
bool allows(const std::string& rule, const Exit& exit, const core::NodeInfo& node) {
  const std::size_t colon = rule.rfind(':');
  if (colon == std::string::npos) return false;
  const std::string who = rule.substr(0, colon), what = rule.substr(colon + 1);
  if (who != node.name && who != node.kind) return false;
  const bool number = !what.empty() && what.find_first_not_of("0123456789") == std::string::npos;
  if (number) return !exit.signalled && what == std::to_string(exit.value);
  const auto signal = spec::parse_signal(what);
  return exit.signalled && signal.ok() && *signal == exit.value;
}

/// Cgroups of the harness carry its name: another's limit is part of the surroundings, as the machine's memory is.
bool is_of_a_node(const std::string& cgroup) { return cgroup.find("/withstand-") != std::string::npos; }

struct Cause {
  bool excused = false;
  std::string text = "and nobody had asked";
};

Cause cause_of(const ExitsInput& input, const Exit& exit) {
  if (!exit.signalled || exit.value != SIGKILL) return {};
  for (const os::OomKill& kill : input.oom_kills) {
    if (kill.pid != exit.host_pid) continue;
    if (!kill.at_limit) return {true, "by the kernel's out-of-memory killer: the host was out of memory"};
    if (is_of_a_node(kill.limit_of))
      return {false, "by the kernel's out-of-memory killer, at the node's own memory limit, which no fault had set"};
    return {true, fmt::format("by the kernel's out-of-memory killer, at a memory limit around the harness{}",
                              kill.limit_of.empty() ? "" : " (cgroup " + kill.limit_of + ")")};
  }
  if (input.host_out_of_memory) return {true, "while the host was out of memory"};
  return {};
}

/// The unasked exits of one node as a result.
record::CheckResult result_of(const ExitsInput& input, const core::NodeInfo& node, std::vector<const Exit*> exits) {
  std::sort(exits.begin(), exits.end(), [](const Exit* a, const Exit* b) { return a->when < b->when; });
  record::CheckResult result{"exit: " + node.name, to_text(Judgement::inconclusive), "", {}};
  for (const Exit* exit : exits) {
    const Cause cause = cause_of(input, *exit);
    if (!cause.excused) result.outcome = to_text(Judgement::failed);
    result.explanation.push_back(fmt::format("{} {} at {}, {}", node.name, how_text(*exit),
                                             time_text((exit->when - input.epoch).count(), input.phases), cause.text));
  }
  result.summary = result.explanation.front();
  if (exits.size() > 1) result.summary += fmt::format(" (and {} more times)", exits.size() - 1);
  return result;
}

}  // namespace

std::vector<record::CheckResult> judge_exits(const ExitsInput& input, const core::Topology& topology) {
  std::map<core::NodeId, std::vector<const Exit*>> unasked;
  std::size_t asked = 0, allowed = 0;
  for (const Exit& exit : input.exits) {
    const core::NodeInfo& node = topology.at(exit.node);
    const auto permits = [&](const std::string& rule) { return allows(rule, exit, node); };
    if (exit.requested)
      ++asked;
    else if (std::any_of(input.allowed.begin(), input.allowed.end(), permits))
      ++allowed;
    else
      unasked[exit.node].push_back(&exit);
  }
  std::vector<record::CheckResult> results;
  results.reserve(unasked.size());
  for (auto& [id, exits] : unasked) results.push_back(result_of(input, topology.at(id), std::move(exits)));
  if (!results.empty()) return results;
  return {{"exits",
           to_text(Judgement::held),
           fmt::format("no node exited unasked ({} exits were asked for, {} allowed)", asked, allowed),
           {}}};
}

}  // namespace withstand::check
