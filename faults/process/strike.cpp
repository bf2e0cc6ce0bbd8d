#include "process/strike.hpp"

#include <algorithm>
#include <csignal>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "spec/signals.hpp"

namespace withstand::faults {

namespace {

/// How often those that were killed are looked for: dying takes some hundred microseconds.
constexpr std::chrono::milliseconds clearing_interval{1};

/// A node whose start was asked for has no process yet and must not be started once more.
bool has_exited(const core::Lab& lab, core::NodeId node) {
  return lab.state(node).phase == core::NodeState::Phase::exited;
}

std::string exit_text(const core::Exit& exit) {
  return exit.signalled ? "killed by " + spec::signal_name(exit.value)
                        : fmt::format("exited with status {}", exit.value);
}

/// Beyond what was asked, a restart may take the dying of what is left and a busy machine's time.
constexpr std::chrono::seconds most_late{1};

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
  crashes.default_matters = core::nowhere;
  crashes.minimum = std::int64_t{1};
  crashes.maximum = std::int64_t{10'000};
  spec::Parameter uptime;
  uptime.name = "uptime";
  uptime.type = spec::ValueType::duration;
  uptime.summary = "In a crash loop, how long the node runs after each restart before it goes down again.";
  uptime.fallback = spec::Duration(std::chrono::seconds(1));
  uptime.default_matters = core::beside("crashes");
  return {restart, crashes, uptime};
}

spec::KindSchema::Downtime downtime(const spec::FaultSpec& fault, spec::Duration grace) {
  const auto options = strike_options(fault);
  const spec::Duration restart = options.restart.value_or(spec::Duration::zero());
  spec::KindSchema::Downtime out{grace + restart, "restart " + spec::to_text(restart)};
  if (grace.count() > 0)
    out.made_of = fmt::format("grace {} and restart {}", spec::to_text(grace), spec::to_text(restart));
  if (options.crashes == 1) return out;
  // Parameters are bounded, but a product of three of them need not fit into 64 bits.
  const auto rounds = static_cast<double>(options.crashes);
  const auto longest = std::chrono::duration<double, std::nano>(spec::Duration(std::chrono::hours(24 * 365)));
  const auto all =
      (grace + restart + options.uptime) * rounds - std::chrono::duration<double, std::nano>(options.uptime);
  out.length =
      std::chrono::duration_cast<spec::Duration>(std::min<std::chrono::duration<double, std::nano>>(all, longest));
  out.made_of = fmt::format("{} times {}, with {} of uptime between them", options.crashes, out.made_of,
                            spec::to_text(options.uptime));
  return out;
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
  readies_ = lab_.on_ready([this](NodeId node) { on_ready(node); });
  for (const NodeId node : context.aim.on) {
    victims_[node].was_running = lab_.state(node).host_pid != 0;
    if (victims_[node].was_running) strike(node);
  }
}

void Strike::strike(NodeId node) {
  Round round;
  round.strike = core::now();
  round.struck = lab_.state(node).starts;
  victims_[node].rounds.push_back(round);
  options_.strike(node);
}

void Strike::on_exit(const core::Exit& exit) {
  const auto it = victims_.find(exit.node);
  if (it == victims_.end() || it->second.rounds.empty()) return;
  Round& round = it->second.rounds.back();
  if (round.exit || round.otherwise) return;
  if (exit.asked_by != name_) {
    round.otherwise = exit;
    return;
  }
  round.exit = exit;
  round.left = lab_.processes(exit.node);
  if (options_.ends_all)
    end_rest(exit.node);
  else
    come_back(exit.node);
}

/// As systemd's KillMode=mixed: when the main process has ended, whatever is left is killed at once.
void Strike::end_rest(NodeId node) {
  auto& victim = victims_[node];
  // Another fault may have started the node already; then nothing of this start is left.
  if (has_exited(lab_, node) && lab_.processes(node) > 0) {
    lab_.kill(node, name_);
    victim.timer = lab_.loop().at(core::now() + clearing_interval, [this, node] { end_rest(node); });
    return;
  }
  victim.rounds.back().clear = core::now();
  come_back(node);
}

/// After the revert it is late enough. Never within the exit's own announcement, whose other readers come first.
void Strike::come_back(NodeId node) {
  if (!options_.restart) return;
  auto& victim = victims_[node];
  const Instant due = reverted_ ? core::now() : victim.rounds.back().exit->when + *options_.restart;
  victim.timer = lab_.loop().at(due, [this, node] { restart(node); });
}

void Strike::restart(NodeId node) {
  auto& victim = victims_[node];
  Round& round = victim.rounds.back();
  if (!options_.ends_all) round.left = lab_.processes(node);
  if (has_exited(lab_, node)) lab_.start(node);
  const auto state = lab_.state(node);
  round.restart = core::now();
  round.start = state.starts;
  if (state.phase == core::NodeState::Phase::ready) round.ready = core::now();  // another fault was first
  if (struck_out(victim)) return;
  victim.timer = lab_.loop().at(core::now() + options_.uptime, [this, node] { strike_again(node); });
}

/// A node that was started may not have its process yet.
void Strike::strike_again(NodeId node) {
  auto& victim = victims_[node];
  if (struck_out(victim)) return;
  const auto state = lab_.state(node);
  if (state.host_pid != 0) return strike(node);
  if (state.phase == core::NodeState::Phase::starting) {
    victim.timer = lab_.loop().at(core::now() + clearing_interval, [this, node] { strike_again(node); });
    return;
  }
  give_up(victim, fmt::format("gave up: the node was down {} after restart {}", spec::to_text(options_.uptime),
                              victim.rounds.size()));
}

void Strike::give_up(Victim& victim, std::string why) {
  victim.gave_up = std::move(why);
  victim.gave_up_at = core::now();
}

void Strike::on_ready(NodeId node) {
  const auto it = victims_.find(node);
  if (it == victims_.end() || it->second.rounds.empty()) return;
  Round& round = it->second.rounds.back();
  if (round.restart && !round.ready && lab_.state(node).starts == round.start) round.ready = core::now();
}

bool Strike::struck_out(const Victim& victim) const {
  return reverted_ || victim.rounds.size() >= static_cast<std::size_t>(options_.crashes);
}

void Strike::revert() {
  if (reverted_) return;
  reverted_ = true;
  for (auto& [node, victim] : victims_) {
    if (victim.rounds.empty()) continue;
    const Round& round = victim.rounds.back();
    if (!round.exit) {
      if (options_.insist && lab_.state(node).starts == round.struck) options_.insist(node);
      continue;  // comes back when it has gone
    }
    if (options_.ends_all && !round.clear) continue;  // comes back when it is
    victim.timer.reset();
    if (options_.restart && !round.restart) restart(node);
  }
}

std::optional<Instant> Strike::ended() const {
  Instant last{};
  for (const auto& [node, victim] : victims_) {
    if (!victim.was_running) continue;
    const Round& round = victim.rounds.back();
    if (!victim.gave_up.empty() || round.otherwise) {
      last = std::max({last, victim.gave_up_at, round.otherwise ? round.otherwise->when : Instant{}});
      continue;
    }
    if (!struck_out(victim) || !round.exit) return std::nullopt;
    if (options_.ends_all && !round.clear) return std::nullopt;
    if (options_.restart && !round.restart) return std::nullopt;
    last = std::max(last, options_.restart ? *round.restart : round.strike);
  }
  if (last == Instant{}) return std::nullopt;
  return last;
}

EvidenceRow Strike::exit_row(NodeId node, const Victim& victim) const {
  EvidenceRow row;
  row.what = "exit of " + lab_.topology().at(node).name;
  row.requested =
      options_.crashes == 1 ? options_.requested : fmt::format("{} × {}", options_.crashes, options_.requested);
  row.source = "kernel: waitid in the node's init";
  row.judgement = EvidenceRow::Judgement::absent;
  const Round* last = nullptr;
  std::int64_t exits = 0;
  bool all = true;
  for (const Round& round : victim.rounds) {
    if (!round.exit) continue;
    last = &round;
    ++exits;
    all = all && options_.accepts(*round.exit);
  }
  if (last == nullptr) {
    row.measured = victim.rounds.empty() ? "the node was not running" : without_exit(victim.rounds.back());
    return row;
  }
  const auto& exit = *last->exit;
  row.measured = fmt::format("{}, pid {}, {} after the request", exit_text(exit), exit.host_pid,
                             spec::to_human(exit.when - last->strike));
  if (options_.crashes > 1) row.measured = fmt::format("{} exits; the last: {}", exits, row.measured);
  if (!victim.gave_up.empty()) row.measured += "; " + victim.gave_up;
  const Round& newest = victim.rounds.back();
  if (!newest.exit) row.measured += "; then " + without_exit(newest);
  row.judgement = all && exits == options_.crashes ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::mismatch;
  return row;
}

std::string Strike::without_exit(const Round& round) {
  if (!round.otherwise) return "it still runs";
  const auto& exit = *round.otherwise;
  return fmt::format("it {}{} {} later{}", exit.signalled ? "was " : "", exit_text(exit),
                     spec::to_human(exit.when - round.strike),
                     exit.requested ? fmt::format(", asked by '{}'", exit.asked_by) : ", by itself");
}

EvidenceRow Strike::rest_row(NodeId node, const Victim& victim) const {
  EvidenceRow row;
  row.what = "processes left in " + lab_.topology().at(node).name;
  row.source = "kernel: the node's processes, listed outside it";
  const Round& last = *std::find_if(victim.rounds.rbegin(), victim.rounds.rend(),
                                    [](const Round& round) { return round.exit.has_value(); });
  if (!options_.ends_all) {
    row.requested = "as many as go on";
    const bool down = !last.restart && has_exited(lab_, node);
    row.measured =
        fmt::format("{}{}", down ? lab_.processes(node) : last.left, last.restart ? ", ended before the restart" : "");
    return row;
  }
  row.requested = "none";
  const auto unclear = std::find_if(victim.rounds.begin(), victim.rounds.end(),
                                    [](const Round& round) { return round.exit && !round.clear; });
  if (unclear != victim.rounds.end()) {
    row.measured = fmt::format("{}, although killed", std::max<std::size_t>(lab_.processes(node), 1));
    row.judgement = EvidenceRow::Judgement::mismatch;
    return row;
  }
  if (last.clear) row.measured = fmt::format("none {} after the exit", spec::to_human(*last.clear - last.exit->when));
  if (last.left > 0) row.measured += fmt::format(", {} killed", last.left);
  row.judgement = EvidenceRow::Judgement::agrees;
  return row;
}

EvidenceRow Strike::restart_row(NodeId node, const Round& round) const {
  EvidenceRow row;
  row.what = "restart of " + lab_.topology().at(node).name;
  row.requested = spec::to_text(*options_.restart) + " after the exit";
  const std::string started = spec::to_human(*round.restart - round.exit->when) + " after the exit";
  row.source = "harness clock, and what the target calls ready";
  row.measured = round.ready ? fmt::format("started {}, ready {} after it", started,
                                           spec::to_human(*round.ready - round.exit->when))
                             : fmt::format("started {}, never seen ready", started);
  const auto waited = *round.restart - round.exit->when;
  const bool early = waited<*options_.restart, late = waited> * options_.restart * 11 / 10 + most_late;
  if (early) row.measured += ", cut short by the end of during";
  // That it does not come up says nothing against the fault: the run's verdict does.
  if (early || late)
    row.judgement = EvidenceRow::Judgement::mismatch;
  else if (round.ready)
    row.judgement = EvidenceRow::Judgement::agrees;
  return row;
}

core::Evidence Strike::observe() {
  core::Evidence evidence;
  for (const auto& [node, victim] : victims_) {
    evidence.rows.push_back(exit_row(node, victim));
    if (victim.rounds.empty() || !victim.rounds.front().exit) continue;
    evidence.rows.push_back(rest_row(node, victim));
    const auto last = std::find_if(victim.rounds.rbegin(), victim.rounds.rend(),
                                   [](const Round& round) { return round.restart.has_value(); });
    if (last != victim.rounds.rend()) evidence.rows.push_back(restart_row(node, *last));
  }
  return evidence;
}

}  // namespace withstand::faults
