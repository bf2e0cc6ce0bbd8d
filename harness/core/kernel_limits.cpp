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
  if (asked.mark_above.count() > 0) return refuse("mark_above", "a rate marks nothing");
  if (asked.cell > 0 && asked.burst > 0)
    return objection("burst", "what travels in cells has no burst", "leave out 'burst'");
  if (asked.bits_per_second > 0) return std::nullopt;
  // What waits for a slot waits in netem, which counts packets and not bytes.
  if (asked.queue > 0) return objection("queue", "what waits for slots alone is not bounded", "say 'rate' too");
  if (asked.bloated)
    return objection("queue_behaviour", "what waits for slots alone is not bounded", "leave it out, or say 'rate' too");
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
    case Kind::ttl:
      return std::nullopt;
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

using All = std::vector<const Impairment*>;

bool is_random_loss(const Impairment& asked) {
  return asked.kind == Kind::loss && asked.settings.loss.model == LossSettings::Model::random &&
         !asked.settings.loss.mark;
}

/// Some state is shared by all of its packets: a queue, a burst, an order.
bool remembers(const Impairment& asked) {
  const LinkSettings& settings = asked.settings;
  return asked.kind == Kind::rate || (asked.kind == Kind::loss && settings.loss.model != LossSettings::Model::random) ||
         (asked.kind == Kind::latency && settings.delay.jitter.count() > 0 && !settings.delay.reorders);
}

spec::Complaint refuse(const std::string& what) {
  return {"an attached interface cannot have on one link at the same time " + what,
          "let one end before the other begins, or aim them at different links"};
}

/// The kernel sends copies through all queues again, so that there can be but one, which does everything.
std::optional<spec::Complaint> beyond_one_queue(const All& asked, const PacketClass& members) {
  std::size_t copies = 0, damages = 0, orders = 0, delays = 0, jitters = 0, slots = 0, cells = 0, bursts = 0;
  for (const std::size_t place : members.asked) {
    const Impairment& each = *asked[place];
    copies += each.kind == Kind::duplicate ? 1U : 0U;
    damages += each.kind == Kind::corrupt ? 1U : 0U;
    orders += each.kind == Kind::reorder ? 1U : 0U;
    delays += each.kind == Kind::latency ? 1U : 0U;
    jitters += each.kind == Kind::latency && each.settings.delay.jitter.count() > 0 ? 1U : 0U;
    slots += each.kind == Kind::rate && each.settings.rate.slot_max.count() > 0 ? 1U : 0U;
    cells += each.kind == Kind::rate && each.settings.rate.cell > 0 ? 1U : 0U;
    bursts += each.kind == Kind::loss && !is_random_loss(each) ? 1U : 0U;
  }
  if (copies == 0) return std::nullopt;
  if (copies > 1) return refuse("two faults that copy packets");
  if (damages > 1) return refuse("copies of packets and two faults that damage them");
  if (slots > 1) return refuse("copies of packets and two rates with slots");
  if (cells > 0) return refuse("copies of packets and a rate with cells");
  if (bursts > 0) return refuse("copies of packets and losses in bursts, or marks: copies would count as packets sent");
  if (jitters > 1) return refuse("copies of packets and two latencies with jitter");
  if (orders > 0 && orders + delays > 1)
    return refuse("copies of packets, reordering, and a second fault that delays or reorders");
  return std::nullopt;
}

std::optional<spec::Complaint> beyond_class(const All& asked, const PacketClass& members) {
  const auto has = [&](const auto& test) {
    return std::any_of(members.asked.begin(), members.asked.end(),
                       [&](std::size_t place) { return test(*asked[place]); });
  };
  const auto of = [&](Kind kind) { return has([&](const Impairment& each) { return each.kind == kind; }); };
  if (of(Kind::partition)) return std::nullopt;  // nothing gets as far as the others
  if (of(Kind::reorder) &&
      has([](const Impairment& each) { return each.kind == Kind::rate && each.settings.rate.bits_per_second > 0; }))
    return refuse("reordering and a rate: the kernel lets packets that overtake pass the rate too");
  return beyond_one_queue(asked, members);
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

std::optional<Objection> beyond_the_kernel(const Impairment& asked) { return beyond_of_kind(asked); }

std::optional<Objection> beyond_the_kernel(const StreamSettings& asked, const std::string& action) {
  if (asked.action != StreamSettings::Action::refuse)
    return objection(
        "action",
        fmt::format(
            "no connection can be followed, so action = \"{}\" is not possible: the kernel's queues and filters "
            "see packets only",
            action),
        "say action = \"refuse\", or a fault of packets with 'port' and 'protocol' (network.loss, network.partition, "
        "...), or let the harness launch the target (command = [...])");
  if (asked.toxicity_ppb < 1'000'000'000)
    return objection("toxicity", "all connections are refused, or none", "leave out 'toxicity'");
  return std::nullopt;
}

bool done_by_rules(const All& asked, std::size_t place) {
  const Impairment& each = *asked[place];
  if (each.kind == Kind::mtu || each.kind == Kind::ttl) return true;
  return is_random_loss(each) && std::any_of(asked.begin(), asked.end(), [&](const Impairment* other) {
           return other->kind == Kind::duplicate && both_of(other->settings.match, each.settings.match);
         });
}

std::vector<PacketClass> queue_classes(const All& asked) {
  All queued;
  std::vector<std::size_t> places;
  std::vector<Match> ruled;
  for (std::size_t place = 0; place < asked.size(); ++place) {
    if (done_by_rules(asked, place)) {
      ruled.push_back(asked[place]->settings.match);
      continue;
    }
    queued.push_back(asked[place]);
    places.push_back(place);
  }
  auto classes = packet_classes(queued);
  for (auto& each : classes)
    for (auto& place : each.asked) place = places[place];
  const auto taken = [&](const Match& match) {
    return std::any_of(classes.begin(), classes.end(),
                       [&](const PacketClass& each) { return covers(each.match, match); });
  };
  if (!std::all_of(ruled.begin(), ruled.end(), taken)) classes.push_back({});
  return classes;
}

std::optional<spec::Complaint> beyond_the_kernel_together(const All& asked) {
  const auto classes = queue_classes(asked);
  constexpr std::size_t most_classes = 8;
  if (classes.size() > most_classes)
    return refuse(fmt::format("faults that part its packets into more than {} kinds", most_classes));
  for (std::size_t place = 0; place < asked.size(); ++place) {
    const auto meet = std::count_if(classes.begin(), classes.end(), [&](const PacketClass& members) {
      return std::find(members.asked.begin(), members.asked.end(), place) != members.asked.end();
    });
    if (meet > 1 && remembers(*asked[place]))
      return refuse(
          "a rate, losses in bursts or jitter that keeps order, and a fault that is narrowed to some of its packets: "
          "those would have a rate, bursts or an order of their own");
  }
  for (const auto& members : classes)
    if (const auto refused = beyond_class(asked, members)) return refused;
  return std::nullopt;
}

}  // namespace withstand::core
