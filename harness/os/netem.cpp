#include "os/netem.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>
#include <linux/pkt_sched.h>

#include "os/netlink_attributes.hpp"

namespace withstand::os {
namespace {

using std::chrono::nanoseconds;

/// In Linux since 6.6; Debian 12's headers do not have it.
constexpr std::uint16_t tca_netem_prng_seed = 14;
static_assert(tca_netem_prng_seed > TCA_NETEM_SLOT_DIST);

/// The kernel's packet schedulers count time in steps of 64 ns (PSCHED_SHIFT); the 64-bit attributes have nanoseconds.
std::uint32_t ticks(nanoseconds time) {
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(time.count() >> 6, 0, std::numeric_limits<std::uint32_t>::max()));
}

void put_loss(AttributeWriter& out, const NetemSettings& settings) {
  if (const auto* bursts = std::get_if<GilbertElliottLoss>(&settings.loss)) {
    const tc_netem_gemodel model{.p = bursts->p, .r = bursts->r, .h = bursts->h, .k1 = bursts->k1};
    out.nest(TCA_NETEM_LOSS, [&](AttributeWriter& nest) { nest.put(NETEM_LOSS_GE, model); });
  } else if (const auto* states = std::get_if<FourStateLoss>(&settings.loss)) {
    const tc_netem_gimodel model{
        .p13 = states->p13, .p31 = states->p31, .p32 = states->p32, .p14 = states->p14, .p23 = states->p23};
    out.nest(TCA_NETEM_LOSS, [&](AttributeWriter& nest) { nest.put(NETEM_LOSS_GI, model); });
  }
}

void put_rate(AttributeWriter& out, const NetemSettings& settings) {
  if (settings.rate == 0) return;
  constexpr std::uint64_t most = std::numeric_limits<std::uint32_t>::max();
  tc_netem_rate rate{};
  rate.rate = static_cast<std::uint32_t>(std::min(settings.rate, most));
  rate.packet_overhead = settings.packet_overhead;
  rate.cell_size = settings.cell_size;
  rate.cell_overhead = settings.cell_overhead;
  out.put(TCA_NETEM_RATE, rate);
  if (settings.rate >= most) out.put(TCA_NETEM_RATE64, settings.rate);
}

void put_slot(AttributeWriter& out, const NetemSlot& slot) {
  tc_netem_slot raw{};
  raw.min_delay = slot.min.count();
  raw.max_delay = slot.max.count();
  raw.max_packets = slot.packets;
  raw.max_bytes = slot.bytes;
  raw.dist_delay = slot.delay.count();
  raw.dist_jitter = slot.jitter.count();
  out.put(TCA_NETEM_SLOT, raw);
  if (!slot.table.empty()) out.put_bytes(TCA_NETEM_SLOT_DIST, std::as_bytes(std::span(slot.table)));
}

void parse_loss(const Attributes& found, const tc_netem_qopt& head, NetemSettings& out) {
  out.loss = RandomLoss{head.loss};
  const Attributes models = found.nested(TCA_NETEM_LOSS);
  if (const auto model = models.value<tc_netem_gemodel>(NETEM_LOSS_GE))
    out.loss = GilbertElliottLoss{model->p, model->r, model->h, model->k1};
  if (const auto model = models.value<tc_netem_gimodel>(NETEM_LOSS_GI))
    out.loss = FourStateLoss{model->p13, model->p31, model->p32, model->p14, model->p23};
}

std::string text(const NetemLoss& loss) {
  if (const auto* m = std::get_if<GilbertElliottLoss>(&loss))
    return fmt::format("Gilbert-Elliott {} {} {} {}", m->p, m->r, m->h, m->k1);
  if (const auto* m = std::get_if<FourStateLoss>(&loss))
    return fmt::format("four states {} {} {} {} {}", m->p13, m->p31, m->p32, m->p14, m->p23);
  return fmt::format("random {}", std::get<RandomLoss>(loss).share);
}

std::string text(const std::optional<NetemSlot>& slot) {
  if (!slot) return "none";
  return fmt::format("{} to {} ns or {} ± {} ns, {} packets, {} bytes", slot->min.count(), slot->max.count(),
                     slot->delay.count(), slot->jitter.count(), slot->packets, slot->bytes);
}

}  // namespace

std::uint32_t netem_probability(std::int64_t parts_per_billion) {
  constexpr std::int64_t whole = 1'000'000'000;
  const auto parts = static_cast<std::uint64_t>(std::clamp<std::int64_t>(parts_per_billion, 0, whole));
  return static_cast<std::uint32_t>((parts * netem_always + whole / 2) / whole);
}

std::vector<std::byte> netem_options(const NetemSettings& settings) {
  tc_netem_qopt head{};
  head.latency = ticks(settings.delay);
  head.jitter = ticks(settings.jitter);
  head.limit = settings.limit;
  head.gap = settings.gap;
  head.duplicate = settings.duplicate;
  if (const auto* random = std::get_if<RandomLoss>(&settings.loss)) head.loss = random->share;
  AttributeWriter out;
  out.head(head);
  out.put(TCA_NETEM_LATENCY64, std::int64_t{settings.delay.count()});
  out.put(TCA_NETEM_JITTER64, std::int64_t{settings.jitter.count()});
  if (!settings.distribution.empty())
    out.put_bytes(TCA_NETEM_DELAY_DIST, std::as_bytes(std::span(settings.distribution)));
  put_loss(out, settings);
  if (settings.ecn) out.put(TCA_NETEM_ECN, std::uint32_t{1});
  if (settings.reorder > 0)
    out.put(TCA_NETEM_REORDER, tc_netem_reorder{.probability = settings.reorder, .correlation = 0});
  if (settings.corrupt > 0)
    out.put(TCA_NETEM_CORRUPT, tc_netem_corrupt{.probability = settings.corrupt, .correlation = 0});
  put_rate(out, settings);
  if (settings.slot) put_slot(out, *settings.slot);
  if (settings.seed) out.put(tca_netem_prng_seed, *settings.seed);
  return out.bytes();
}

std::optional<NetemSettings> parse_netem_options(std::span<const std::byte> options) {
  tc_netem_qopt head{};
  if (options.size() < sizeof head) return std::nullopt;
  std::memcpy(&head, options.data(), sizeof head);
  const Attributes found(options.subspan(sizeof head));
  NetemSettings out;
  out.limit = head.limit;
  out.gap = head.gap;
  out.duplicate = head.duplicate;
  out.delay = nanoseconds(found.value<std::int64_t>(TCA_NETEM_LATENCY64).value_or(std::int64_t{head.latency} << 6));
  out.jitter = nanoseconds(found.value<std::int64_t>(TCA_NETEM_JITTER64).value_or(std::int64_t{head.jitter} << 6));
  parse_loss(found, head, out);
  out.ecn = found.value<std::uint32_t>(TCA_NETEM_ECN).value_or(0) != 0;
  out.reorder = found.value<tc_netem_reorder>(TCA_NETEM_REORDER).value_or(tc_netem_reorder{}).probability;
  out.corrupt = found.value<tc_netem_corrupt>(TCA_NETEM_CORRUPT).value_or(tc_netem_corrupt{}).probability;
  const auto rate = found.value<tc_netem_rate>(TCA_NETEM_RATE).value_or(tc_netem_rate{});
  out.rate = found.value<std::uint64_t>(TCA_NETEM_RATE64).value_or(rate.rate);
  out.packet_overhead = rate.packet_overhead;
  out.cell_size = rate.cell_size;
  out.cell_overhead = rate.cell_overhead;
  if (const auto slot = found.value<tc_netem_slot>(TCA_NETEM_SLOT))
    out.slot = NetemSlot{nanoseconds(slot->min_delay),
                         nanoseconds(slot->max_delay),
                         slot->max_packets,
                         slot->max_bytes,
                         nanoseconds(slot->dist_delay),
                         nanoseconds(slot->dist_jitter),
                         {}};
  out.seed = found.value<std::uint64_t>(tca_netem_prng_seed);
  return out;
}

std::vector<std::string> netem_differences(const NetemSettings& asked, const NetemSettings& kept) {
  std::vector<std::string> all;
  const auto compare = [&all](const char* name, const auto& wanted, const auto& got) {
    if (wanted != got) all.push_back(fmt::format("{}: asked {}, kept {}", name, wanted, got));
  };
  compare("limit", asked.limit, kept.limit);
  compare("delay in ns", asked.delay.count(), kept.delay.count());
  compare("jitter in ns", asked.jitter.count(), kept.jitter.count());
  compare("loss", text(asked.loss), text(kept.loss));
  compare("ecn", asked.ecn, kept.ecn);
  compare("duplicate", asked.duplicate, kept.duplicate);
  compare("corrupt", asked.corrupt, kept.corrupt);
  compare("reorder", asked.reorder, kept.reorder);
  compare("gap", asked.gap, kept.gap);
  compare("rate", asked.rate, kept.rate);
  if (asked.rate > 0) {
    compare("packet overhead", asked.packet_overhead, kept.packet_overhead);
    compare("cell size", asked.cell_size, kept.cell_size);
    compare("cell overhead", asked.cell_overhead, kept.cell_overhead);
  }
  compare("slot", text(asked.slot), text(kept.slot));
  return all;
}

bool seed_kept(const NetemSettings& asked, const NetemSettings& kept) { return !asked.seed || asked.seed == kept.seed; }

}  // namespace withstand::os
