#include "network/link_injection.hpp"

#include <algorithm>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "core/plan.hpp"
#include "core/selection.hpp"

namespace withstand::faults {

using core::EvidenceRow;
using core::Link;

namespace {
/// As many names as a line takes.
std::string some_of(const std::vector<std::string>& names) {
  const std::size_t told = std::min(names.size(), EvidenceRows::most);
  std::string text =
      fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(told), ", "));
  if (names.size() > told) text += fmt::format(" and {} more", names.size() - told);
  return text;
}

/// What is counted of partitions, the only ones that move.
void add(const core::LinkEffect& effect, core::LinkEffect& sum) {
  for (const auto count : {&core::LinkEffect::offered, &core::LinkEffect::sent, &core::LinkEffect::refused,
                           &core::LinkEffect::dropped_later, &core::LinkEffect::in_flight, &core::LinkEffect::delivered,
                           &core::LinkEffect::times_down})
    sum.*count += effect.*count;
}

std::string carried(std::size_t links, const std::vector<std::string>& silent) {
  if (silent.empty()) return fmt::format("all {}", links);
  return fmt::format("{} of {}; silent: {}", links - silent.size(), links, some_of(silent));
}
}  // namespace

LinkInjection::LinkInjection(const core::Context& context, core::Impairment impairment, std::vector<Link> links,
                             Judge judge)
    : lab_(context.lab), impairment_(std::move(impairment)), judge_(std::move(judge)) {
  if (links.empty()) throw core::CannotAim("there is no link between the nodes it names");
  impairment_.fault = context.fault.name;
  impairment_.seed = context.seed;
  take_turn(std::move(links));
}

void LinkInjection::take_turn(std::vector<Link> links) {
  const auto handle = lab_.links().add(impairment_, links);
  turns_.push_back({handle, std::move(links)});
}

void LinkInjection::redraw_every(std::chrono::nanoseconds interval,
                                 std::function<std::vector<Link>(std::uint64_t)> draw) {
  interval_ = interval;
  draw_ = std::move(draw);
  timer_ = lab_.loop().at(core::now() + interval_, [this] { redraw(); });
}

void LinkInjection::redraw() {
  // The new links first: in between nothing is whole that was cut and is cut again.
  const auto before = turns_.back().handle;
  take_turn(draw_(folded_ + turns_.size()));
  lab_.links().remove(before);
  fold_turns();
  timer_ = lab_.loop().at(core::now() + interval_, [this] { redraw(); });
}

/// Of many turns each link has one account, or a long run would have no end of them.
void LinkInjection::fold_turns() {
  constexpr std::size_t kept = 8;
  for (; turns_.size() > kept; turns_.pop_front(), ++folded_) {
    for (const auto& effect : lab_.links().effect(turns_.front().handle)) {
      const auto [known, is_new] = past_.try_emplace(effect.link, effect);
      if (!is_new) add(effect, known->second);
    }
    lab_.links().forget(turns_.front().handle);
  }
}

core::Evidence LinkInjection::observe() {
  Tally tally;
  for (const auto& [link, effect] : past_) add_row(effect, fmt::format("turns 1 to {}", folded_), tally);
  for (std::size_t turn = 0; turn < turns_.size(); ++turn) add_rows(turn, tally);
  core::Evidence evidence = tally.rows.finish(tally.source);
  if (tally.silent.size() == tally.links)
    evidence.rows.push_back({plural(tally.links, "link"), "packets to impair", nothing_offered(tally), tally.source,
                             EvidenceRow::Judgement::absent});
  else if (tally.links > 1)
    evidence.rows.push_back({"links that carried packets", "", carried(tally.links, tally.silent), tally.source,
                             EvidenceRow::Judgement::informative});
  return evidence;
}

std::string LinkInjection::nothing_offered(const Tally& tally) const {
  if (tally.passed_by == 0) return "no packet was sent on any of them: " + some_of(tally.silent) + advice_;
  return fmt::format("{} packet{} sent on {}, but none that came to this fault: {}", tally.passed_by,
                     tally.passed_by == 1 ? " was" : "s were", some_of(tally.silent),
                     impairment_.settings.match.everything() ? "it was never in force, or others took them"
                                                             : "they do not match, or others took them");
}

void LinkInjection::add_rows(std::size_t turn, Tally& tally) {
  const bool several = folded_ + turns_.size() > 1;
  for (const auto& effect : lab_.links().effect(turns_[turn].handle))
    add_row(effect, several ? fmt::format("turn {}", folded_ + turn + 1) : "", tally);
}

void LinkInjection::add_row(const core::LinkEffect& effect, const std::string& turn, Tally& tally) const {
  const std::string link = core::to_text(effect.link, lab_.topology());
  ++tally.links;
  tally.source = source_of(effect, "link fabric");
  if (effect.offered == 0) {
    tally.silent.push_back(turn.empty() ? link : fmt::format("{} ({})", link, turn));
    tally.passed_by += effect.sent;
    return;
  }
  EvidenceRow row = judge_(effect, link);
  if (!turn.empty()) row.what += ", " + turn;
  tally.rows.add(std::move(row));
}

void LinkInjection::revert() {
  if (reverted_) return;
  timer_.reset();
  // The slowness before the end, so that no packet passes at full speed in between.
  if (slow_) slow_->begin(impairment_.fault, impairment_.seed, turns_.back().links);
  lab_.links().remove(turns_.back().handle);
  reverted_ = true;
}

std::string source_of(const core::LinkEffect& effect, const std::string& fabric) {
  return effect.source == core::LinkEffect::Source::kernel ? "kernel, counters of its queues and rules" : fabric;
}

std::vector<Link> aimed_links(const spec::FaultSpec& fault, const core::Topology& topology, const core::Aim& aim) {
  std::set<Link> links(aim.links.begin(), aim.links.end());
  for (const auto node : aim.on)
    for (const auto& other : topology.nodes()) {
      if (other.id == node) continue;
      links.insert({node, other.id});
      links.insert({other.id, node});
    }
  if (core::parameter_or(fault, "both_ways", false))
    for (const auto& link : std::vector<Link>(links.begin(), links.end())) links.insert({link.to, link.from});
  return {links.begin(), links.end()};
}

spec::Parameter both_ways_parameter() {
  spec::Parameter both;
  both.name = "both_ways";
  both.type = spec::ValueType::boolean;
  both.summary = "Impair the way back, from `to` to `from`, as well.";
  both.fallback = false;
  both.default_matters = [](const spec::FaultSpec& fault) { return fault.from.has_value(); };  // 'on' is both already
  return both;
}

std::vector<spec::KindTable::Objection> aim_objections(const spec::FaultSpec& fault) {
  const bool between = fault.from || fault.to;
  if (fault.on && between) return {{"on", {"says both 'on' and 'from'/'to'", "keep one of them"}}};
  if (!fault.on && !(fault.from && fault.to))
    return {{"", {"does not say which links it impairs", "give 'from' and 'to', or 'on' for every link of a node"}}};
  return {};
}

std::vector<core::Claim> claim_all_links(const core::Topology& topology) {
  std::vector<core::NodeId> all;
  for (const auto& node : topology.nodes()) all.push_back(node.id);
  return {{core::Claim::Medium::link, {}, core::links_between(all, all)}};
}

}  // namespace withstand::faults
