#include "core/kernel_limits.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "spec/units.hpp"

namespace withstand::core {
namespace {

using Objection = spec::KindTable::Objection;
using Kind = Impairment::Kind;
using Distribution = DelaySettings::Distribution;

constexpr int long_tail_steps = 6;
constexpr std::int64_t most_in_16_bits = 32767;

Objection objection(std::string parameter, const std::string& what, std::string help) {
  return {std::move(parameter), {"on an attached interface " + what, std::move(help)}};
}

/// netem averages uniform draws, and what comes out is not uniform any more: 0.3 % with a correlation of 25 % loses
/// nothing at all.
Objection correlated() {
  return objection("correlation",
                   "nothing can be correlated: the kernel's netem would hit far fewer packets than asked",
                   "leave out 'correlation'; for losses in bursts say 'p' and 'r' (Gilbert-Elliott)");
}

std::optional<Objection> beyond(const LossSettings& asked) {
  if (asked.model == LossSettings::Model::nth)
    return objection("nth", "the kernel cannot count packets", "say 'loss', or 'p' and 'r'");
  if (asked.random.correlation_ppb > 0) return correlated();
  return std::nullopt;
}

std::optional<Objection> beyond(const CorruptSettings& asked) {
  if (asked.where != CorruptSettings::Where::anywhere)
    return objection("where", "the kernel does not choose which part of a packet is damaged",
                     "say where = \"anywhere\"");
  if (asked.bits != 1) return objection("bits", "the kernel flips one bit", "leave out 'bits'");
  if (asked.repaired)
    return objection("repair_checksum", "the kernel does not repair checksums", "leave out 'repair_checksum'");
  return std::nullopt;
}

std::optional<Objection> beyond(const RateSettings& asked) {
  const auto refuse = [](const char* parameter, const char* what) {
    return objection(parameter, what, fmt::format("leave out '{}'", parameter));
  };
  if (asked.ramp.count() > 0) return refuse("slow_start", "no link begins slowly");
  if (asked.trace)
    return objection("trace", "the kernel cannot replay a recorded link", "say 'rate', the mean of the trace");
  if (asked.slot_max.count() > 0)
    return refuse("slot_min", "there are no slots: the kernel's begin with a packet and not by the clock");
  if (asked.cell > 0) return refuse("cell", "packets do not travel in cells");
  if (asked.mark_above.count() > 0) return refuse("mark_above", "a rate marks nothing");
  if (asked.bits_per_second <= 0) return objection("rate", "only a rate limits", "say 'rate'");
  return std::nullopt;
}

std::optional<Objection> beyond_latency(const Impairment& latency) {
  const DelaySettings& asked = latency.settings.delay;
  if (asked.correlation_ppb > 0) return correlated();
  if (asked.distribution == Distribution::recorded)
    return objection("recorded", "the kernel cannot replay recorded delays",
                     "say 'delay' and 'jitter', or make a 'table' of them");
  const bool long_tail = asked.distribution == Distribution::pareto || asked.distribution == Distribution::paretonormal;
  const auto most = long_tail ? most_kernel_jitter / long_tail_steps : most_kernel_jitter;
  if (asked.jitter > most)
    return objection("jitter", fmt::format("the kernel keeps no such jitter longer than {}", spec::to_human(most)),
                     "ask for less");
  return std::nullopt;
}

std::optional<Objection> beyond(const Choice& choice, const ReorderSettings& asked) {
  if (!asked.chosen_overtake)
    return objection("held", "the kernel holds back all others than the chosen packets", "say held = \"others\"");
  if (asked.gap > 1 && choice.ppb < 1'000'000'000)
    return objection("gap", "the kernel counts a gap from the last packet that was chosen",
                     "leave out 'gap', or say reorder = \"100%\"");
  return std::nullopt;
}

std::optional<Objection> beyond_of_kind(const Impairment& asked) {
  const LinkSettings& settings = asked.settings;
  switch (asked.kind) {
    case Kind::partition:
      if (!settings.flap.flaps()) return std::nullopt;
      return objection("", "links do not come and go by themselves",
                       "say network.partition, once for each time that they shall be down");
    case Kind::mtu:
      return objection("", "the kernel's queues do not look at sizes", "lower the interface's own MTU instead");
    case Kind::ttl:
      return objection("", "the kernel's queues do not look at hops", "leave it to a lab of the harness's own");
    case Kind::loss:
      return beyond(settings.loss);
    case Kind::duplicate:
      if (settings.copies > 1) return objection("copies", "the kernel makes one copy", "leave out 'copies'");
      break;
    case Kind::corrupt:
      if (const auto found = beyond(settings.corrupt)) return found;
      break;
    case Kind::rate:
      return beyond(settings.rate);
    case Kind::latency:
      return beyond_latency(asked);
    case Kind::reorder:
      if (const auto found = beyond(settings.choice, settings.reorder)) return found;
      break;
  }
  return settings.choice.correlation_ppb > 0 ? std::optional(correlated()) : std::nullopt;
}

std::size_t count(const std::vector<const Impairment*>& asked, Kind kind) {
  return static_cast<std::size_t>(
      std::count_if(asked.begin(), asked.end(), [&](const Impairment* each) { return each->kind == kind; }));
}

}  // namespace

int jitter_steps(const Impairment& latency) {
  const auto distribution = latency.settings.delay.distribution;
  if (distribution == Distribution::pareto || distribution == Distribution::paretonormal) return long_tail_steps;
  if (distribution != Distribution::table || !latency.table) return 1;
  std::int64_t furthest = 1;
  for (const std::int64_t entry : *latency.table) furthest = std::max({furthest, entry, -entry});
  return static_cast<int>((furthest + most_in_16_bits - 1) / most_in_16_bits);
}

std::optional<Objection> beyond_the_kernel(const Impairment& asked) {
  if (asked.settings.match.state != Match::State::any)
    return objection("connections", "the kernel's filters here do not follow connections",
                     "leave out 'connections'; 'protocol' and 'port' can be said");
  return beyond_of_kind(asked);
}

std::optional<spec::Complaint> beyond_the_kernel_together(const std::vector<const Impairment*>& asked) {
  const auto refuse = [](const std::string& what) {
    return spec::Complaint{"an attached interface cannot have on one link at the same time " + what,
                           "let one end before the other begins, or aim them at different links"};
  };
  const auto same = [&](const Impairment* each) {
    const Match &one = each->settings.match, &other = asked.front()->settings.match;
    return one.protocol == other.protocol && one.port == other.port;
  };
  if (!std::all_of(asked.begin(), asked.end(), same)) return refuse("two faults that are narrowed differently");
  if (count(asked, Kind::partition) > 0) return std::nullopt;  // nothing gets as far as the others
  const std::size_t rates = count(asked, Kind::rate);
  if (rates > 1) return refuse("two rates");
  if (count(asked, Kind::duplicate) > 0 && asked.size() > rates + 1)
    return refuse("copies of packets and anything but a rate: the kernel sends copies through all queues again");
  if (count(asked, Kind::reorder) > 0 && rates > 0)
    return refuse("reordering and a rate: the kernel lets packets that overtake pass the rate too");
  return std::nullopt;
}

}  // namespace withstand::core
