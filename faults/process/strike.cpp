#include "process/strike.hpp"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "spec/signals.hpp"

namespace withstand::faults {

namespace {

/// A node whose start was asked for has no process yet and must not be started once more.
bool has_exited(const core::Lab& lab, core::NodeId node) {
  return lab.state(node).phase == core::NodeState::Phase::exited;
}

}  // namespace

using core::EvidenceRow;
using core::Instant;
using core::NodeId;

std::vector<spec::Parameter> strike_parameters() {
  spec::Parameter restart;
  restart.name = "restart";
  restart.type = spec::ValueType::duration;
  restart.summary =
      "Start the node again this long after it exited; without it the node stays down to the end of the run.";
  spec::Parameter crashes;
  crashes.name = "crashes";
  crashes.type = spec::ValueType::integer;
  crashes.summary = "How many times the node goes down: more than 1 makes a crash loop, and needs restart.";
  crashes.fallback = std::int64_t{1};
  crashes.minimum = std::int64_t{1};
  crashes.maximum = std::int64_t{10'000};
  spec::Parameter uptime;
  uptime.name = "uptime";
  uptime.type = spec::ValueType::duration;
  uptime.summary = "In a crash loop, how long the node runs after each restart before it goes down again.";
  uptime.fallback = spec::Duration(std::chrono::seconds(1));
  return {restart, crashes, uptime};
}

StrikeOptions strike_options(const spec::FaultSpec& fault) {
  StrikeOptions options;
  options.restart = core::parameter<spec::Duration>(fault, "restart");
  options.crashes = core::parameter_or<std::int64_t>(fault, "crashes", 1);
  options.uptime = core::parameter_or<spec::Duration>(fault, "uptime", std::chrono::seconds(1));
  return options;
}

std::vector<spec::KindTable::Objection> strike_objections(const spec::FaultSpec& fault) {
  if (core::parameter_or<std::int64_t>(fault, "crashes", 1) > 1 && fault.parameters.count("restart") == 0)
    return {{"crashes", {"a crash loop needs to know when the node starts again", "add restart = \"500ms\""}}};
  return {};
}

Strike::Strike(const core::Context& context, StrikeOptions options)
    : lab_(context.lab), name_(context.fault.name), options_(std::move(options)) {
  exits_ = lab_.on_exit([this](const core::Exit& exit) { on_exit(exit); });
  for (const NodeId node : context.aim.on) {
    victims_[node].was_running = lab_.state(node).host_pid != 0;
    if (victims_[node].was_running) strike(node);
  }
}

void Strike::strike(NodeId node) {
  victims_[node].strikes.push_back(core::now());
  options_.strike(node);
}

void Strike::on_exit(const core::Exit& exit) {
  const auto it = victims_.find(exit.node);
  if (it == victims_.end() || exit.asked_by != name_) return;
  it->second.exits.push_back(exit);
  if (!options_.restart || reverted_) return;
  it->second.timer = lab_.loop().at(exit.when + *options_.restart, [this, node = exit.node] { restart(node); });
}

void Strike::restart(NodeId node) {
  auto& victim = victims_[node];
  if (has_exited(lab_, node)) lab_.start(node);
  victim.restarts.push_back(core::now());
  if (struck_out(victim)) return;
  victim.timer = lab_.loop().at(core::now() + options_.uptime, [this, node] {
    if (lab_.state(node).host_pid != 0) strike(node);
  });
}

bool Strike::struck_out(const Victim& victim) const {
  return reverted_ || victim.strikes.size() >= static_cast<std::size_t>(options_.crashes);
}

void Strike::revert() {
  if (reverted_) return;
  reverted_ = true;
  for (auto& [node, victim] : victims_) {
    victim.timer.reset();
    if (options_.restart && victim.restarts.size() < victim.exits.size()) restart(node);
  }
}

std::optional<Instant> Strike::ended() const {
  Instant last{};
  for (const auto& [node, victim] : victims_) {
    if (!victim.was_running) continue;
    if (!struck_out(victim) || victim.exits.size() < victim.strikes.size()) return std::nullopt;
    if (options_.restart && victim.restarts.size() < victim.exits.size()) return std::nullopt;
    last = std::max(last, options_.restart ? victim.restarts.back() : victim.strikes.back());
  }
  if (last == Instant{}) return std::nullopt;
  return last;
}

EvidenceRow Strike::row(NodeId node, const Victim& victim) const {
  EvidenceRow row;
  row.what = "exit of " + lab_.topology().at(node).name;
  row.requested =
      options_.crashes == 1 ? options_.requested : fmt::format("{} × {}", options_.crashes, options_.requested);
  row.source = "kernel: waitid in the node's init";
  row.judgement = EvidenceRow::Judgement::absent;
  if (victim.exits.empty()) {
    row.measured = victim.was_running ? "it still runs" : "the node was not running";
    return row;
  }
  const auto& exit = victim.exits.back();
  const std::string how =
      exit.signalled ? "killed by " + spec::signal_name(exit.value) : fmt::format("exited with status {}", exit.value);
  row.measured = fmt::format("{}, pid {}, {} after the request", how, exit.host_pid,
                             spec::to_human(exit.when - victim.strikes.at(victim.exits.size() - 1)));
  if (options_.crashes > 1) row.measured = fmt::format("{} exits; the last: {}", victim.exits.size(), row.measured);
  bool all = victim.exits.size() == static_cast<std::size_t>(options_.crashes);
  for (const auto& one : victim.exits) all = all && options_.accepts(one);
  row.judgement = all ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
  return row;
}

core::Evidence Strike::observe() {
  core::Evidence evidence;
  for (const auto& [node, victim] : victims_) {
    evidence.rows.push_back(row(node, victim));
    if (!options_.restart || victim.restarts.empty()) continue;
    const auto down = victim.restarts.back() - victim.exits.at(victim.restarts.size() - 1).when;
    evidence.rows.push_back({"restart of " + lab_.topology().at(node).name, spec::to_text(*options_.restart),
                             spec::to_human(down) + " after the exit", "harness clock",
                             EvidenceRow::Judgement::informative});
  }
  return evidence;
}

}  // namespace withstand::faults
