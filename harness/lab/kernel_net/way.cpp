#include "lab/kernel_net/way.hpp"

#include <algorithm>
#include <netinet/in.h>

#include "core/fault.hpp"
#include "core/kernel_limits.hpp"
#include "lab/link/model/distribution.hpp"
#include "os/check.hpp"

namespace withstand::lab::kernel {
namespace {

using core::Impairment;
using Kind = Impairment::Kind;

/// Two sets of priorities, each of one for IPv4 and one for IPv6, taken in turn, so that the new filters are there
/// before the old ones go.
constexpr std::uint16_t priorities_per_turn = 2;
constexpr std::uint32_t filters_per_way = 4096;
constexpr std::size_t most_filters_of_a_pair = 4;  // a port: of TCP and of UDP, at either side
/// How long a packet may be on its way from a filter that was taken away to the queue that it led to.
constexpr std::chrono::milliseconds settling{20};

std::vector<const Impairment*> plain(const std::vector<Way::Asked>& asked) {
  std::vector<const Impairment*> all;
  for (const auto& each : asked) all.push_back(each.impairment.get());
  return all;
}

bool is_delay(Kind kind) { return kind == Kind::latency || kind == Kind::reorder || kind == Kind::rate; }

}  // namespace

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

std::unique_ptr<Way::Era> Way::prepare(std::vector<Asked> asked) {
  std::stable_sort(asked.begin(), asked.end(),
                   [](const Asked& one, const Asked& other) { return one.impairment->kind < other.impairment->kind; });
  const auto settings = plain(asked);
  if (const auto refusal = core::beyond_the_kernel_together(settings))
    throw core::CannotAim(refusal->message + " (" + refusal->help + ")");
  auto era = std::make_unique<Era>();
  const bool first_turn = eras_.empty() || eras_.back()->detour->priority() != first_priority;
  const auto priority = static_cast<std::uint16_t>(first_priority + (first_turn ? 0 : priorities_per_turn));
  era->detour = std::make_unique<Detour>(at_, plan_link_tree(settings, at_.mtu(), name_),
                                         filters_of(ends_, settings.front()->settings.match), priority,
                                         ordinal_ * filters_per_way + 1);
  std::vector<std::shared_ptr<Delays>> into;
  for (const auto& each : asked)
    if (is_delay(each.impairment->kind)) into.push_back(delays_of(each.handle));
  const Witness::Request request{mean_delay_ns(settings), era->detour->tree().rate.has_value()};
  if (!into.empty())
    era->witness = std::make_unique<Witness>(loop_, at_, era->detour->interface(), ends_, std::move(into), request);
  era->asked = std::move(asked);
  return era;
}

bool Way::fits(const std::vector<AddressPair>& ends) { return ends.size() * most_filters_of_a_pair <= filters_per_way; }

void Way::end(Era& era) {
  era.detour->release();
  era.ended = core::now();
}

void Way::go_over_to(std::vector<Asked> asked) {
  close_drained();
  Era* before = eras_.empty() || eras_.back()->ended != core::Instant{} ? nullptr : eras_.back().get();
  if (asked.empty()) {
    if (before != nullptr) end(*before);
    return;
  }
  auto era = prepare(std::move(asked));
  era->begun = core::now();
  era->detour->divert();
  if (before != nullptr) end(*before);
  eras_.push_back(std::move(era));
}

/// Queues that nothing is in any more only take memory.
void Way::close_drained() {
  for (const auto& era : eras_) {
    if (era->ended == core::Instant{} || era->detour->closed() || core::now() < era->ended + settling) continue;
    if (era->detour->counters().waiting() > 0) continue;
    if (era->witness) era->witness->listen();
    era->witness.reset();
    era->detour->close();
    era->drained = core::now();
  }
}

void Way::add(const Asked& asked) {
  std::vector<Asked> all;
  if (!eras_.empty() && eras_.back()->ended == core::Instant{}) all = eras_.back()->asked;
  all.push_back(asked);
  go_over_to(std::move(all));
}

void Way::remove(Handle handle) {
  if (eras_.empty() || eras_.back()->ended != core::Instant{}) return;
  std::vector<Asked> all = eras_.back()->asked;
  if (std::erase_if(all, [&](const Asked& each) { return each.handle == handle; }) == 0) return;
  try {
    go_over_to(std::move(all));
  } catch (const os::SystemError&) {
    if (!at_.is_gone()) throw;
    end(*eras_.back());  // with the interface went all that could be impaired on it
  }
}

void Way::add_counts(const Era& era, std::size_t place, core::LinkEffect& effect) const {
  const LinkTree& tree = era.detour->tree();
  const DetourCounters counted = era.detour->counters();
  effect.sent += counted.taken;
  std::size_t stage = counted.stages.size();
  for (std::size_t i = 0; i < tree.stages.size(); ++i)
    if (tree.stages[i].asked == place) stage = i;
  if (tree.rate && tree.rate->asked == place) stage = tree.stages.size();
  if (stage == counted.stages.size()) return;  // no packet reaches it
  const auto& own = counted.stages[stage];
  std::uint64_t later = 0, waiting = own.waiting;
  for (std::size_t i = stage + 1; i < counted.stages.size(); ++i) {
    later += counted.stages[i].lost;
    waiting += counted.stages[i].waiting;
  }
  const Impairment& asked = *era.asked[place].impairment;
  std::uint64_t offered = own.lost + later + waiting + counted.delivered;
  if (asked.kind == Kind::loss && asked.settings.loss.mark) {
    // What netem marks instead of dropping it, it counts as dropped, and sends on.
    std::uint64_t came = counted.taken;
    for (std::size_t i = 0; i < stage; ++i) came -= std::min(came, counted.stages[i].lost + counted.stages[i].waiting);
    offered = std::max(came, own.packets + own.waiting);
    const std::uint64_t dropped = std::min(own.lost, offered - own.packets - own.waiting);
    effect.refused += dropped;
    effect.changed_delivered += own.lost - dropped;
    effect.marked += own.lost - dropped;
  } else {
    effect.refused += own.lost;
  }
  if (asked.kind == Kind::duplicate) {
    const std::uint64_t originals = std::min(counted.taken, offered);
    effect.changed_delivered += offered - originals;
    offered = originals;
  }
  if (asked.kind == Kind::reorder) effect.changed_delivered += own.ahead;
  if (asked.kind == Kind::rate) {
    effect.changed_delivered += own.throttled;
    effect.wire_bytes += static_cast<std::uint64_t>(std::max<std::int64_t>(
        static_cast<std::int64_t>(own.bytes) + static_cast<std::int64_t>(own.packets) * tree.rate->uncounted, 0));
    // What waits when a rate ends still leaves at its pace.
    effect.span_ns += ((era.drained == core::Instant{} ? core::now() : era.drained) - era.begun).count();
    effect.queue_bytes = tree.rate->bucket.limit;
    effect.bucket_bytes += tree.rate->bucket.burst;
  }
  effect.offered += offered;
  effect.dropped_later += later;
  effect.in_flight += waiting;
  effect.delivered += counted.delivered;
}

core::LinkEffect Way::effect(Handle handle, const Impairment& impairment) {
  core::LinkEffect effect;
  effect.link = link_;
  effect.source = core::LinkEffect::Source::kernel;
  for (const auto& era : eras_) {
    if (era->witness) era->witness->listen();
    for (std::size_t place = 0; place < era->asked.size(); ++place)
      if (era->asked[place].handle == handle) add_counts(*era, place, effect);
  }
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
  if (seen.count() > 0)
    effect.requested_mean_ns = static_cast<std::int64_t>(delays->requested_ns / static_cast<double>(seen.count()));
  return effect;
}

}  // namespace withstand::lab::kernel
