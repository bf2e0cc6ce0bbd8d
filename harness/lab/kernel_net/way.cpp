#include "lab/kernel_net/way.hpp"

#include <algorithm>
#include <netinet/in.h>

#include <fmt/format.h>

#include "core/fault.hpp"
#include "core/kernel_limits.hpp"
#include "lab/link/model/distribution.hpp"
#include "os/check.hpp"

namespace withstand::lab::kernel {
namespace {

using core::Impairment;
using Kind = Impairment::Kind;

/// Two sets of priorities, each of one for IPv4 and one for IPv6 for each class of packets, taken in turn, so that the
/// new filters are there before the old ones go.
constexpr std::uint16_t priorities_per_class = 2, priorities_per_turn = 32;
constexpr std::uint32_t filters_per_way = 4096;
constexpr std::size_t most_filters_of_a_pair = 4;  // a port: of TCP and of UDP, at either side
/// How long a packet may be on its way from a filter that was taken away to the queue that it led to.
constexpr std::chrono::milliseconds settling{20};

std::vector<const Impairment*> plain(const std::vector<Way::Asked>& asked) {
  std::vector<const Impairment*> all;
  for (const auto& each : asked) all.push_back(each.impairment.get());
  return all;
}

constexpr std::uint16_t tcp_syn = 0x02, tcp_ack = 0x10;

/// Who opens a connection sends SYN alone, and whatever comes after an answer has ACK.
void pick_state(core::Match::State state, os::FlowerFilter& filter) {
  if (state == core::Match::State::any) return;
  filter.tcp_flags_mask = state == core::Match::State::fresh ? tcp_syn | tcp_ack : tcp_ack;
  filter.tcp_flags = state == core::Match::State::fresh ? tcp_syn : tcp_ack;
}

bool is_delay(Kind kind) { return kind == Kind::latency || kind == Kind::reorder || kind == Kind::rate; }

}  // namespace

RuleTask task_of(const Impairment& asked) {
  const core::LinkSettings& settings = asked.settings;
  RuleTask task;
  task.match = settings.match;
  task.work = asked.kind == Kind::mtu   ? RuleTask::Work::mtu
              : asked.kind == Kind::ttl ? RuleTask::Work::ttl
                                        : RuleTask::Work::loss;
  task.number = asked.kind == Kind::mtu   ? settings.mtu
                : asked.kind == Kind::ttl ? settings.hops
                                          : settings.loss.random.ppb;
  return task;
}

RuleTask task_of(const core::StreamSettings& refusal) {
  RuleTask task;
  task.work = refusal.silent ? RuleTask::Work::mute : RuleTask::Work::refuse;
  task.match.port = refusal.port;
  return task;
}

std::vector<os::FlowerFilter> filters_of(const std::vector<AddressPair>& ends, const core::Match& match) {
  std::vector<os::FlowerFilter> all;
  for (const auto& pair : ends) {
    const bool v6 = pair.source.size() == 16;
    std::vector<std::uint8_t> protocols{match.protocol};
    if (match.protocol == IPPROTO_ICMP && v6) protocols = {IPPROTO_ICMPV6};
    if (match.port != 0 && match.protocol == 0) protocols = {IPPROTO_TCP, IPPROTO_UDP};
    for (const std::uint8_t protocol : protocols) {
      os::FlowerFilter filter;
      filter.source = pair.source;
      filter.destination = pair.destination;
      filter.protocol = protocol;
      pick_state(match.state, filter);
      if (match.port == 0) {
        all.push_back(filter);
        continue;
      }
      filter.source_port = match.port;
      all.push_back(filter);
      std::swap(filter.source_port, filter.destination_port);
      all.push_back(filter);
    }
  }
  return all;
}

double mean_delay_ns(const std::vector<const Impairment*>& asked) {
  double all = 0;
  for (const auto* each : asked) {
    const core::DelaySettings& delay = each->settings.delay;
    if (each->kind == Kind::reorder)
      all += static_cast<double>(each->settings.reorder.hold.count()) *
             (1 - static_cast<double>(each->settings.choice.ppb) / 1e9);
    if (each->kind != Kind::latency) continue;
    const auto middle = static_cast<double>(delay.delay.count()), jitter = static_cast<double>(delay.jitter.count());
    if (jitter == 0) {
      all += middle;
      continue;
    }
    const link::Distribution distribution(delay.distribution, each->table);
    constexpr int ranks = 4096;
    for (int i = 0; i < ranks; ++i)
      all += std::max(0.0, middle + jitter * distribution.quantile((i + 0.5) / ranks)) / ranks;
  }
  return all;
}

std::shared_ptr<Delays> Way::delays_of(Handle handle) {
  for (const auto& [known, delays] : delays_)
    if (known == handle) return delays;
  return delays_.emplace_back(handle, std::make_shared<Delays>()).second;
}

Way::Era* Way::going_on() {
  return eras_.empty() || eras_.back()->ended != core::Instant{} ? nullptr : eras_.back().get();
}

/// Distinct from those of all other links, which may have rules in the same table.
std::string Way::next_id() { return fmt::format("l{}r{}", ordinal_, ++last_id_); }

void Way::add_branches(Era& era) {
  const auto settings = plain(era.asked);
  auto priority = static_cast<std::uint16_t>(first_priority + (era.second_turn ? priorities_per_turn : 0));
  for (const auto& members : core::queue_classes(settings)) {
    Branch branch;
    branch.asked = members.asked;
    std::vector<const Impairment*> own;
    for (const std::size_t place : members.asked) own.push_back(settings[place]);
    LinkTree tree = plan_link_tree(own, at_.mtu(), name_);
    const bool queues = !tree.rates.empty() || std::any_of(own.begin(), own.end(), [](const Impairment* each) {
      return each->kind == Kind::rate;
    });
    branch.detour = std::make_unique<Detour>(at_, std::move(tree), filters_of(ends_, members.match), priority,
                                             ordinal_ * filters_per_way + 1);
    std::vector<std::shared_ptr<Delays>> into;
    for (const std::size_t place : members.asked)
      if (is_delay(settings[place]->kind)) into.push_back(delays_of(era.asked[place].handle));
    if (!into.empty())
      branch.witness = std::make_unique<Witness>(loop_, at_, branch.detour->interface(), ends_, std::move(into),
                                                 Witness::Request{mean_delay_ns(own), queues});
    era.branches.push_back(std::move(branch));
    priority = static_cast<std::uint16_t>(priority + priorities_per_class);
  }
}

void Way::add_rules(const std::vector<Asked>& asked) {
  const auto settings = plain(asked);
  for (std::size_t place = 0; place < settings.size(); ++place) {
    const Handle handle = asked[place].handle;
    const bool there = std::any_of(ruled_.begin(), ruled_.end(),
                                   [&](const Ruled& each) { return each.standing && each.handle == handle; });
    if (there || !core::done_by_rules(settings, place)) continue;
    RuleTask task = task_of(*settings[place]);
    task.interface = at_.index();
    task.ends = ends_;
    const std::string id = next_id();
    rules_().add(id, task);
    ruled_.push_back({handle, id, true});
  }
}

void Way::remove_rules_but_of(const std::vector<Asked>& asked) {
  const auto settings = plain(asked);
  for (auto& each : ruled_) {
    bool wanted = each.refuses;
    for (std::size_t place = 0; place < settings.size(); ++place)
      wanted = wanted || (asked[place].handle == each.handle && core::done_by_rules(settings, place));
    if (wanted || !each.standing) continue;
    rules_().remove(each.id);
    each.standing = false;
  }
}

std::unique_ptr<Way::Era> Way::prepare(std::vector<Asked> asked) {
  std::stable_sort(asked.begin(), asked.end(),
                   [](const Asked& one, const Asked& other) { return one.impairment->kind < other.impairment->kind; });
  if (const auto refusal = core::beyond_the_kernel_together(plain(asked)))
    throw core::CannotAim(refusal->message + " (" + refusal->help + ")");
  auto era = std::make_unique<Era>();
  era->asked = std::move(asked);
  era->second_turn = !eras_.empty() && !eras_.back()->second_turn;
  add_branches(*era);
  return era;
}

bool Way::fits(const std::vector<AddressPair>& ends) { return ends.size() * most_filters_of_a_pair <= filters_per_way; }

void Way::end(Era& era) {
  for (const auto& branch : era.branches) branch.detour->release();
  era.ended = core::now();
}

void Way::go_over_to(std::vector<Asked> asked) {
  close_drained();
  Era* before = going_on();
  if (asked.empty()) {
    remove_rules_but_of({});
    if (before != nullptr) end(*before);
    return;
  }
  auto era = prepare(std::move(asked));
  era->begun = core::now();
  for (const auto& branch : era->branches) branch.detour->divert();
  try {
    add_rules(era->asked);
  } catch (...) {
    if (before != nullptr) remove_rules_but_of(before->asked);
    throw;
  }
  remove_rules_but_of(era->asked);
  if (before != nullptr) end(*before);
  eras_.push_back(std::move(era));
}

/// Queues that nothing is in any more only take memory.
void Way::close_drained() {
  for (const auto& era : eras_) {
    if (era->ended == core::Instant{} || era->drained != core::Instant{} || core::now() < era->ended + settling)
      continue;
    bool all = true;
    for (auto& branch : era->branches) {
      if (branch.detour->closed()) continue;
      if (branch.detour->counters().waiting() > 0) {
        all = false;
        continue;
      }
      if (branch.witness) branch.witness->listen();
      branch.witness.reset();
      branch.detour->close();
    }
    if (all) era->drained = core::now();
  }
}

void Way::add(const Asked& asked) {
  std::vector<Asked> all;
  if (const Era* era = going_on()) all = era->asked;
  all.push_back(asked);
  go_over_to(std::move(all));
}

void Way::remove(Handle handle) {
  const Era* era = going_on();
  if (era == nullptr) return;
  std::vector<Asked> all = era->asked;
  if (std::erase_if(all, [&](const Asked& each) { return each.handle == handle; }) == 0) return;
  try {
    go_over_to(std::move(all));
  } catch (const os::SystemError&) {
    if (!at_.is_gone()) throw;
    remove_rules_but_of({});
    if (Era* left = going_on()) end(*left);  // with the interface went all that could be impaired on it
  }
}

void Way::add_rule_counts(Handle handle, core::LinkEffect& effect) const {
  for (const auto& each : ruled_) {
    if (each.handle != handle) continue;
    const RuleCounters counted = rules_().counters(each.id);
    effect.refused += counted.refused;
    effect.offered += counted.refused + counted.passed;
    effect.delivered += counted.passed;
    effect.largest = std::max(effect.largest, counted.largest);
    if (counted.passed > 0) effect.least_hops_taken = counted.least_hops;  // whoever takes hops has rules all the time
  }
}

namespace {

/// What one queue did of what it was asked, and what came of it behind.
struct Counted {
  const DetourCounters& all;
  std::size_t stage;
  std::uint64_t later = 0, waiting = 0;
  Counted(const DetourCounters& counters, std::size_t place) : all(counters), stage(place), waiting(own().waiting) {
    for (std::size_t i = stage + 1; i < all.stages.size(); ++i) {
      later += all.stages[i].lost;
      waiting += all.stages[i].waiting;
    }
  }
  [[nodiscard]] const DetourCounters::Stage& own() const { return all.stages[stage]; }
  [[nodiscard]] std::uint64_t offered() const { return own().lost + later + waiting + all.delivered; }
};

/// What netem marks instead of dropping it, it counts as dropped, and sends on. Returns how many were offered.
std::uint64_t add_marks(const Counted& counted, core::LinkEffect& effect) {
  const auto& own = counted.own();
  std::uint64_t came = counted.all.taken;
  for (std::size_t i = 0; i < counted.stage; ++i)
    came -= std::min(came, counted.all.stages[i].lost + counted.all.stages[i].waiting);
  const std::uint64_t offered = std::max(came, own.packets + own.waiting);
  const std::uint64_t dropped = std::min(own.lost, offered - own.packets - own.waiting);
  effect.refused += dropped;
  effect.changed_delivered += own.lost - dropped;
  effect.marked += own.lost - dropped;
  return offered;
}

/// How much at least left on the wire: as if all cells had been full.
void add_cells(const core::RateSettings& asked, const DetourCounters::Stage& own, core::LinkEffect& effect) {
  const auto carried =
      static_cast<std::int64_t>(own.bytes) + static_cast<std::int64_t>(own.packets) * (asked.overhead - frame_header);
  effect.wire_bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(carried, 0)) *
                       static_cast<std::uint64_t>(asked.cell + asked.cell_overhead) /
                       static_cast<std::uint64_t>(asked.cell);
}

std::optional<std::size_t> stage_of(const LinkTree& tree, std::size_t asked) {
  for (std::size_t i = 0; i < tree.rates.size(); ++i)
    if (tree.rates[i].asked == asked) return tree.stages.size() + i;
  for (std::size_t i = 0; i < tree.stages.size(); ++i)
    if (std::find(tree.stages[i].asked.begin(), tree.stages[i].asked.end(), asked) != tree.stages[i].asked.end())
      return i;
  return std::nullopt;
}

}  // namespace

void Way::add_counts(const Era& era, const Branch& branch, std::size_t place, core::LinkEffect& effect) {
  const LinkTree& tree = branch.detour->tree();
  const DetourCounters counters = branch.detour->counters();
  effect.sent += counters.taken;
  const auto found = std::find(branch.asked.begin(), branch.asked.end(), place);
  if (found == branch.asked.end()) return;
  const auto stage = stage_of(tree, static_cast<std::size_t>(found - branch.asked.begin()));
  if (!stage) return;  // no packet reaches it
  const Counted counted(counters, *stage);
  const auto& own = counted.own();
  const Impairment& asked = *era.asked[place].impairment;
  std::uint64_t offered = counted.offered();
  if (asked.kind == Kind::loss && asked.settings.loss.mark)
    offered = add_marks(counted, effect);
  else
    effect.refused += own.lost;
  if (asked.kind == Kind::duplicate) {
    const std::uint64_t originals = std::min(counters.taken, offered);
    effect.changed_delivered += offered - originals;
    offered = originals;
  }
  if (asked.kind == Kind::reorder) effect.changed_delivered += own.ahead;
  // What waits when a rate ends still leaves at its pace.
  if (asked.kind == Kind::rate)
    effect.span_ns += ((era.drained == core::Instant{} ? core::now() : era.drained) - era.begun).count();
  if (asked.kind == Kind::rate && *stage >= tree.stages.size()) {
    const auto& rate = tree.rates[*stage - tree.stages.size()];
    effect.changed_delivered += own.throttled;
    effect.wire_bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(
        static_cast<std::int64_t>(own.bytes) + static_cast<std::int64_t>(own.packets) * rate.uncounted, 0));
    effect.queue_bytes = rate.bucket.limit;
    effect.bucket_bytes += rate.bucket.burst;
  }
  if (asked.kind == Kind::rate && asked.settings.rate.cell > 0) add_cells(asked.settings.rate, own, effect);
  effect.offered += offered;
  effect.dropped_later += counted.later;
  effect.in_flight += counted.waiting;
  effect.delivered += counters.delivered;
}

core::LinkEffect Way::effect(Handle handle, const Impairment& impairment) {
  core::LinkEffect effect;
  effect.link = link_;
  effect.source = core::LinkEffect::Source::kernel;
  for (const auto& era : eras_) {
    for (std::size_t place = 0; place < era->asked.size(); ++place) {
      if (era->asked[place].handle != handle) continue;
      for (const auto& branch : era->branches) {
        if (branch.witness) branch.witness->listen();
        add_counts(*era, branch, place, effect);
      }
    }
  }
  add_rule_counts(handle, effect);
  close_drained();
  if (!is_delay(impairment.kind)) return effect;
  const auto delays = delays_of(handle);
  const auto& seen = delays->seen;
  effect.reordered = delays->reordered;
  effect.delayed = seen.count();
  effect.delay_mean_ns = seen.mean();
  effect.delay_sd_ns = seen.deviation();
  effect.delay_min_ns = seen.min();
  effect.delay_max_ns = seen.max();
  effect.delay_p50_ns = seen.quantile(0.5);
  effect.delay_p99_ns = seen.quantile(0.99);
  // Slots and cells hold packets in a queue that does not count how many.
  const core::RateSettings& rate = impairment.settings.rate;
  if (impairment.kind == Kind::rate && (rate.bits_per_second == 0 || rate.cell > 0) &&
      seen.quantile(0.5) >= core::least_wait.count())
    effect.changed_delivered = seen.count() / 2;
  if (seen.count() > 0)
    effect.requested_mean_ns = static_cast<std::int64_t>(delays->requested_ns / static_cast<double>(seen.count()));
  return effect;
}

void Way::add_refusal(Handle handle, const core::StreamSettings& settings) {
  RuleTask task = task_of(settings);
  task.interface = at_.index();
  task.ends = ends_;
  const std::string id = next_id();
  rules_().add(id, task);
  ruled_.push_back({handle, id, true, true});
}

void Way::remove_refusal(Handle handle) {
  for (auto& each : ruled_) {
    if (each.handle != handle || !each.standing) continue;
    rules_().remove(each.id);
    each.standing = false;
  }
}

core::StreamEffect Way::refusal(Handle handle) {
  core::StreamEffect effect;
  effect.link = link_;
  for (const auto& each : ruled_) {
    if (each.handle != handle) continue;
    const RuleCounters counted = rules_().counters(each.id);
    effect.connections = effect.chosen = effect.decided = effect.opening = counted.attempts;
    effect.opened = counted.let_in;
    effect.told_client = std::min(counted.told, counted.attempts);
    effect.struck = counted.attempts;
  }
  return effect;
}

}  // namespace withstand::lab::kernel
