#include "lab/kernel_net/link_tree.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/draw.hpp"
#include "core/kernel_limits.hpp"
#include "lab/link/model/bottleneck.hpp"
#include "lab/link/model/distribution.hpp"
#include "lab/link/model/rate_model.hpp"

namespace withstand::lab::kernel {
namespace {

using core::Impairment;
using Kind = Impairment::Kind;
using Distribution = core::DelaySettings::Distribution;

constexpr std::size_t table_entries = 4096;
/// Packets that a queue may hold. More than any sender sends in the time of a delay: what netem drops because it is
/// full would count as lost by chance.
constexpr std::uint32_t plenty = 1'000'000;
/// Bytes per second that no link reaches: a rate of which nothing is felt, but that packets keep their order and are
/// cut.
constexpr std::uint64_t no_limit = 125'000'000'000;
/// Frames may carry a VLAN tag.
constexpr std::uint32_t frame_extra = frame_header + 4;

std::uint32_t probability(std::int64_t ppb) { return os::netem_probability(ppb); }

os::NetemLoss loss_of(const core::LossSettings& asked) {
  constexpr std::int64_t one = 1'000'000'000;
  using Model = core::LossSettings::Model;
  if (asked.model == Model::gilbert_elliott)
    return os::GilbertElliottLoss{probability(asked.p), probability(asked.r), probability(one - asked.loss_bad),
                                  probability(asked.loss_good)};
  if (asked.model == Model::markov)
    return os::FourStateLoss{probability(asked.p13), probability(asked.p31), probability(asked.p32),
                             probability(asked.p14), probability(asked.p23)};
  return os::RandomLoss{probability(asked.random.ppb)};
}

void add_delay(const Impairment& asked, os::NetemSettings& netem) {
  const core::DelaySettings& delay = asked.settings.delay;
  netem.delay += delay.delay;
  if (delay.jitter.count() == 0) return;
  DelayTable table = delay_table(asked);
  netem.jitter = delay.jitter * table.steps;
  netem.distribution = std::move(table.entries);
  // With a rate, netem lets no packet leave before the one in front of it.
  if (!delay.reorders) netem.rate = no_limit;
}

os::NetemSettings netem_for(const Impairment& asked, const std::string& link) {
  os::NetemSettings netem;
  netem.limit = plenty;
  netem.seed = core::draw_stream(asked.seed, asked.fault, link, "netem").bits(0);
  return netem;
}

os::NetemSlot slot_of(const core::RateSettings& asked) {
  const auto most = [](std::int64_t number) {
    return static_cast<std::int32_t>(std::min<std::int64_t>(number, std::numeric_limits<std::int32_t>::max()));
  };
  os::NetemSlot slot;
  slot.min = asked.slot_min;
  slot.max = asked.slot_max;
  slot.packets = most(asked.slot_packets);
  slot.bytes = most(asked.slot_bytes);
  return slot;
}

void add_to(os::NetemSettings& netem, const Impairment& asked) {
  const core::LinkSettings& settings = asked.settings;
  switch (asked.kind) {
    case Kind::partition:
      netem.loss = os::RandomLoss{os::netem_always};
      break;
    case Kind::loss:
      netem.loss = loss_of(settings.loss);
      netem.ecn = settings.loss.mark;
      break;
    case Kind::duplicate:
      netem.duplicate = probability(settings.choice.ppb);
      break;
    case Kind::corrupt:
      netem.corrupt = probability(settings.choice.ppb);
      break;
    case Kind::latency:
      add_delay(asked, netem);
      break;
    case Kind::reorder:
      netem.delay = settings.reorder.hold;
      netem.reorder = probability(settings.choice.ppb);
      netem.gap = static_cast<std::uint32_t>(settings.reorder.gap);
      break;
    case Kind::rate:
      if (settings.rate.slot_max.count() > 0) netem.slot = slot_of(settings.rate);
      break;
    case Kind::mtu:
    case Kind::ttl:
      break;
  }
}

std::uint32_t in_32_bits(std::uint64_t value) {
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(value, std::numeric_limits<std::uint32_t>::max()));
}

LinkTree::Rate rate_of(std::size_t index, const core::RateSettings& asked, std::chrono::nanoseconds delay,
                       std::uint32_t mtu) {
  LinkTree::Rate out;
  out.asked = index;
  out.uncounted = static_cast<std::int32_t>(asked.overhead) - frame_header;
  double rate = static_cast<double>(asked.bits_per_second) / 8;
  if (out.uncounted >= 0)
    out.bucket.overhead = static_cast<std::uint16_t>(out.uncounted);
  else  // a token bucket can add to a packet, and take nothing off: the largest packets are as fast as they should be
    rate *= static_cast<double>(mtu + frame_header) / static_cast<double>(mtu + asked.overhead);
  out.bucket.rate = static_cast<std::uint64_t>(std::max(rate, 1.0));
  out.bucket.burst = in_32_bits(std::max<std::uint64_t>(static_cast<std::uint64_t>(asked.burst), mtu + frame_extra));
  out.bucket.limit = in_32_bits(link::queue_size(asked, static_cast<double>(asked.bits_per_second), delay));
  return out;
}

/// netem alone knows cells, and holds so many packets, not bytes: as many of the largest as the queue has room for.
void set_cells(const core::RateSettings& asked, std::chrono::nanoseconds delay, std::uint32_t mtu,
               os::NetemSettings& netem) {
  const auto bytes = link::queue_size(asked, static_cast<double>(asked.bits_per_second), delay);
  netem.rate = static_cast<std::uint64_t>(std::max(asked.bits_per_second / 8, std::int64_t{1}));
  netem.packet_overhead = static_cast<std::int32_t>(asked.overhead) - frame_header;
  netem.cell_size = static_cast<std::uint32_t>(asked.cell);
  netem.cell_overhead = static_cast<std::int32_t>(asked.cell_overhead);
  netem.limit = in_32_bits(std::max<std::uint64_t>(bytes / link::wire_bytes(asked, mtu), 2));
}

std::vector<std::int16_t> scaled(const link::Distribution& distribution, int steps) {
  std::vector<std::int16_t> entries(table_entries);
  constexpr double unit = 8192, most = std::numeric_limits<std::int16_t>::max();
  for (std::size_t i = 0; i < table_entries; ++i) {
    const double rank = (static_cast<double>(i) + 0.5) / table_entries;
    entries[i] =
        static_cast<std::int16_t>(std::lround(std::clamp(distribution.quantile(rank) * unit / steps, -most, most)));
  }
  return entries;
}

}  // namespace

DelayTable delay_table(const Impairment& latency) {
  const auto kind = latency.settings.delay.distribution;
  if (kind == Distribution::uniform || kind == Distribution::recorded) return {};
  const int steps = core::jitter_steps(latency);
  return {scaled(link::Distribution(kind, latency.table), steps), steps};
}

namespace {

void add_stage(LinkTree& tree, std::size_t place, const Impairment& asked, const std::string& link, bool merged) {
  const core::RateSettings& rate = asked.settings.rate;
  if (asked.kind == Kind::rate && rate.slot_max.count() == 0 && rate.cell == 0) return;
  if (!merged || tree.stages.empty()) tree.stages.push_back({{}, netem_for(asked, link)});
  tree.stages.back().asked.push_back(place);
  add_to(tree.stages.back().netem, asked);
}

}  // namespace

LinkTree plan_link_tree(const std::vector<const Impairment*>& asked, std::uint32_t mtu, const std::string& link) {
  LinkTree tree;
  tree.cutter = {.rate = no_limit, .burst = mtu + frame_extra, .limit = plenty, .overhead = 0};
  std::chrono::nanoseconds delay{};
  const auto is = [](Kind kind) { return [kind](const Impairment* each) { return each->kind == kind; }; };
  const bool cut = std::any_of(asked.begin(), asked.end(), is(Kind::partition));
  const bool merged = std::any_of(asked.begin(), asked.end(), is(Kind::duplicate));
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (asked[i]->kind == Kind::latency) delay += asked[i]->settings.delay.delay;
    if (cut && !tree.stages.empty())
      tree.idle.push_back(i);
    else
      add_stage(tree, i, *asked[i], link, merged);
  }
  for (std::size_t i = 0; i < asked.size() && !cut; ++i) {
    const core::RateSettings& rate = asked[i]->settings.rate;
    if (asked[i]->kind == Kind::rate && rate.bits_per_second > 0 && rate.cell == 0)
      tree.rates.push_back(rate_of(i, rate, delay, mtu));
  }
  for (auto& stage : tree.stages)
    for (const std::size_t i : stage.asked)
      if (asked[i]->kind == Kind::rate && asked[i]->settings.rate.cell > 0)
        set_cells(asked[i]->settings.rate, delay, mtu, stage.netem);
  std::stable_sort(tree.rates.begin(), tree.rates.end(), [](const LinkTree::Rate& one, const LinkTree::Rate& other) {
    return one.bucket.rate > other.bucket.rate;
  });
  if (tree.stages.empty()) {
    os::NetemSettings nothing;
    nothing.limit = plenty;
    tree.stages.push_back({{}, nothing});
  }
  return tree;
}

}  // namespace withstand::lab::kernel
