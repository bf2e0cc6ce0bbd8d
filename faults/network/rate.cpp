#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"
#include "network/number_file.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;
using spec::ValueType;
using std::chrono::nanoseconds;

/// What may leave at each instant of a recorded link (Mahimahi's traces), and the largest packet there is.
constexpr double traced_bytes = 1504;
constexpr std::int64_t largest_packet = 65535;

spec::Parameter bytes(std::string name, std::int64_t most, std::string summary) {
  spec::Parameter made = core::described(std::move(name), ValueType::bytes, std::move(summary));
  made.minimum = spec::Bytes{0};
  made.maximum = spec::Bytes{most};
  return made;
}

spec::Parameter duration(std::string name, std::string summary) {
  spec::Parameter made = core::described(std::move(name), ValueType::duration, std::move(summary));
  made.minimum = nanoseconds(1);
  made.maximum = nanoseconds(std::chrono::minutes(10));
  return made;
}

std::vector<spec::Parameter> rate_parameters() {
  constexpr std::int64_t mebibyte = 1 << 20;
  spec::Parameter rate = core::described("rate", ValueType::bandwidth, "What the link carries, one way.");
  rate.minimum = spec::Bandwidth{8};
  spec::Parameter behaviour = core::described(
      "queue_behaviour", ValueType::choice,
      "drop-tail: a queue of sensible size loses what comes when it is full; bufferbloat: one of 5 s delays instead.");
  behaviour.choices = {"drop-tail", "bufferbloat"};
  behaviour.fallback = std::string("drop-tail");
  spec::Parameter packets = core::described("slot_packets", ValueType::integer, "Most packets that one slot takes.");
  packets.minimum = std::int64_t{1};
  return {
      rate,
      core::described(
          "trace", ValueType::file,
          "A recorded link instead of a rate, as Mahimahi's traces: one millisecond per line, at each of which "
          "1504 bytes may leave."),
      bytes("burst", 64 * mebibyte, "What may pass at once after a pause, as of a token bucket."),
      bytes("overhead", 65536, "Added to each IP packet for the layers below: 38B for Ethernet on the wire."),
      bytes("cell", 65536, "Packets travel in whole cells of this size, as with ATM."),
      bytes("cell_overhead", 65536, "Added to each cell."),
      bytes("queue", 64 * mebibyte,
            "What may wait. Default: what the rate carries in 100ms, or in twice the link's delay if that is more."),
      behaviour,
      duration("mark_above", "Packets that wait longer are marked (ECN), if their connection knows marks."),
      duration("slot_min", "Nothing leaves between slots; the least time from slot to slot."),
      duration("slot_max", "The longest time from slot to slot. Default: slot_min."),
      packets,
      bytes("slot_bytes", 64 * mebibyte, "Most bytes that one slot takes.")};
}

core::Documentation rate_documentation() {
  return link_documentation(
      "Packets that come faster than the rate wait in a queue; when it is full, what comes is lost. A trace replays "
      "a recorded mobile link: what is not used at its instants is gone. Sizes are those of IP packets; overhead and "
      "cells add what the layers below would. Large segments of the sender's offload are cut into packets of the "
      "link's size first.\n\n"
      "The queue is sized from rate and delay, as a good router's is, and never a fixed number of packets. With "
      "slots the link delivers in bursts, as radio does; 'rate' may then be left out. Several rates on one link "
      "stand in a row. What waits in the queue when the fault ends still leaves at its time; what is sent then does "
      "not wait for it.",
      "Bytes that left, with overhead, never above the rate; the rate at which they left while others waited; "
      "packets that waited because of the rate, packets lost to the full queue; how long packets took. A rate for "
      "which "
      "no packet had to wait 10us, and none was lost, limited nothing: that is no effect. Of several delays on one "
      "link "
      "each is judged without the others.",
      R"([[fault]]
name = "narrow"
kind = "network.rate"
from = "all"
to   = "any"
rate = "2Mbit/s"
at   = "5s"
for  = "10s"
)");
}

std::string bandwidth(double bits_per_second) {
  for (const auto& [unit, size] : {std::pair{"Gbit/s", 1e9}, {"Mbit/s", 1e6}, {"kbit/s", 1e3}})
    if (bits_per_second >= size) return fmt::format("{:.3g}{}", bits_per_second / size, unit);
  return fmt::format("{:.3g}bit/s", bits_per_second);
}

/// Of a recorded link, in bits per second.
double traced(const core::Impairment& impairment) {
  const auto& times = *impairment.table;  // milliseconds; the last is where it begins anew
  return static_cast<double>(times.size()) * traced_bytes * 8e3 / static_cast<double>(times.back());
}

std::string requested(const core::Impairment& impairment, const core::LinkEffect& effect) {
  const core::RateSettings& asked = impairment.settings.rate;
  std::string text;
  if (asked.trace) text = fmt::format("a recorded link, {} on average", bandwidth(traced(impairment)));
  if (asked.bits_per_second > 0) text = spec::to_text(spec::Bandwidth{asked.bits_per_second});
  if (asked.slot_max.count() > 0)
    text += fmt::format("{}slots every {} to {}", text.empty() ? "" : ", ", spec::to_text(asked.slot_min),
                        spec::to_text(asked.slot_max));
  return effect.queue_bytes == 0 ? text : fmt::format("{}, a queue of {} bytes", text, effect.queue_bytes);
}

/// How many packets had to wait because of the rate.
std::uint64_t held(const core::LinkEffect& effect) {
  return effect.changed_delivered + effect.changed_in_flight + effect.changed_dropped_later;
}

std::string measured_rate(const core::LinkEffect& effect) {
  std::string text;
  if (effect.busy_ns > 0)
    text = fmt::format("{} while packets waited, ",
                       bandwidth(static_cast<double>(effect.busy_bytes) * 8e9 / static_cast<double>(effect.busy_ns)));
  text += fmt::format("{} of {} packets left, {} had to wait, {} lost to the full queue", effect.delivered,
                      effect.offered, held(effect), effect.refused);
  if (effect.delayed > 0)
    text += fmt::format("; delay mean {}, p99 {}", spec::to_human(nanoseconds(effect.delay_mean_ns)),
                        spec::to_human(nanoseconds(effect.delay_p99_ns)));
  if (effect.marked > 0) text += fmt::format("; {} marked", effect.marked);
  return text;
}

/// More left than the rate allows: from the first packet read to the last written, beside what a burst may be ahead.
bool too_fast(const core::RateSettings& asked, const core::LinkEffect& effect) {
  const double rate = static_cast<double>(asked.bits_per_second) / 8e9;  // bytes per nanosecond
  return static_cast<double>(effect.wire_bytes) >
         rate * static_cast<double>(effect.span_ns) +
             static_cast<double>(
                 std::max<std::uint64_t>(static_cast<std::uint64_t>(asked.burst), effect.bucket_bytes)) +
             1;
}

/// Less left while packets waited than a tenth below the rate, over long enough that single late packets do not count.
bool too_slow(const core::RateSettings& asked, const core::LinkEffect& effect) {
  const double rate = static_cast<double>(asked.bits_per_second) / 8e9;
  return asked.slot_max.count() == 0 && effect.busy_ns > 500'000'000 &&
         static_cast<double>(effect.busy_bytes) < 0.9 * rate * static_cast<double>(effect.busy_ns);
}

/// The same for a recorded link, over what it carries in two of its rounds beside its mean, and for slots that take so
/// many packets or bytes each. How slow they may be, only their own instants could tell.
bool too_many(const core::Impairment& impairment, const core::LinkEffect& effect) {
  const core::RateSettings& asked = impairment.settings.rate;
  const auto span = static_cast<double>(effect.span_ns), bytes = static_cast<double>(effect.wire_bytes);
  if (asked.trace) {
    const double round = static_cast<double>(impairment.table->back()) * 1e6;
    if (bytes > traced(impairment) / 8e9 * (span + 2 * round) + traced_bytes) return true;
  }
  if (asked.slot_min.count() == 0) return false;
  const double slots = span / static_cast<double>(asked.slot_min.count()) + 2;
  return (asked.slot_packets > 0 &&
          static_cast<double>(effect.delivered) > slots * static_cast<double>(asked.slot_packets)) ||
         (asked.slot_bytes > 0 && bytes > slots * static_cast<double>(asked.slot_bytes + largest_packet));
}

class Rate : public LinkFault {
 public:
  Rate()
      : LinkFault(
            link_schema("network.rate", "Limits what the links it is aimed at carry, one way.", rate_parameters()),
            rate_documentation()) {}

 private:
  [[nodiscard]] std::vector<spec::KindTable::Objection> own_objections(const spec::FaultSpec& fault) const override {
    const auto least = core::parameter<nanoseconds>(fault, "slot_min");
    const auto most = core::parameter<nanoseconds>(fault, "slot_max");
    const bool rate = core::parameter<spec::Bandwidth>(fault, "rate").has_value();
    const auto trace = core::parameter<std::string>(fault, "trace");
    if (!rate && !trace && !least) return {{"", {"limits nothing", "say a rate, a trace, or slots with slot_min"}}};
    if (rate && trace) return {{"trace", {"says both a rate and a trace", "leave out one of them"}}};
    if (trace)
      if (const auto numbers = read_number_file(*trace, read_link_trace); !numbers)
        return {{"trace", {numbers.error().message, numbers.error().help}}};
    for (const char* name : {"slot_packets", "slot_bytes"})
      if (!least && fault.parameters.count(name) != 0)
        return {{name, {fmt::format("'{}' without slots", name), "say 'slot_min', the time from slot to slot"}}};
    for (const char* name : {"burst", "overhead", "cell"})
      if (!rate && fault.parameters.count(name) != 0)
        return {{name, {fmt::format("'{}' without a rate", name), "say 'rate'"}}};
    if (most && !least) return {{"slot_max", {"slot_max needs slot_min", "say slot_min too"}}};
    if (most && *most < *least) return {{"slot_max", {"slot_max is below slot_min", "swap them"}}};
    if (core::parameter<spec::Bytes>(fault, "cell_overhead") && !core::parameter<spec::Bytes>(fault, "cell"))
      return {{"cell_overhead", {"cell_overhead without cells", "say cell too"}}};
    if (core::parameter<spec::Bytes>(fault, "queue") &&
        core::parameter_or<std::string>(fault, "queue_behaviour", "") == "bufferbloat")
      return {{"queue", {"the queue has a size and bufferbloat's too", "leave out one of them"}}};
    return {};
  }

  [[nodiscard]] core::Impairment impairment(const spec::FaultSpec& fault) const override {
    const auto size = [&](const char* name) { return core::parameter_or<spec::Bytes>(fault, name, {}).count; };
    const auto time = [&](const char* name) { return core::parameter_or<nanoseconds>(fault, name, {}); };
    core::Impairment asked;
    asked.kind = core::Impairment::Kind::rate;
    core::RateSettings& rate = asked.settings.rate;
    rate.bits_per_second = core::parameter_or<spec::Bandwidth>(fault, "rate", {}).bits_per_second;
    if (const auto trace = core::parameter<std::string>(fault, "trace")) {
      auto numbers = read_number_file(*trace, read_link_trace);
      if (!numbers) throw std::runtime_error(numbers.error().message);
      rate.trace = true;
      asked.table = std::make_shared<const Numbers>(std::move(*numbers));
    }
    rate.burst = size("burst");
    rate.overhead = size("overhead");
    rate.cell = size("cell");
    rate.cell_overhead = size("cell_overhead");
    rate.queue = size("queue");
    rate.bloated = core::parameter_or<std::string>(fault, "queue_behaviour", "") == "bufferbloat";
    rate.mark_above = time("mark_above");
    rate.slot_min = time("slot_min");
    rate.slot_max = core::parameter_or<nanoseconds>(fault, "slot_max", rate.slot_min);
    rate.slot_packets = core::parameter_or<std::int64_t>(fault, "slot_packets", 0);
    rate.slot_bytes = size("slot_bytes");
    return asked;
  }

  [[nodiscard]] EvidenceRow judge(const core::Impairment& impairment, const core::LinkEffect& effect,
                                  const std::string& link) const override {
    const core::RateSettings& asked = impairment.settings.rate;
    EvidenceRow row;
    row.what = "rate " + link;
    row.requested = requested(impairment, effect);
    row.measured = measured_rate(effect);
    row.source = source_of(effect, "link fabric, packets leaving");
    const bool limits = asked.bits_per_second > 0;
    if ((limits && (too_fast(asked, effect) || too_slow(asked, effect))) || too_many(impairment, effect))
      row.judgement = EvidenceRow::Judgement::mismatch;
    else  // A link that never carried as much as it may proves nothing, and blames nothing: others were limited.
      row.judgement =
          held(effect) + effect.refused > 0 ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::informative;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_rate() { return std::make_unique<Rate>(); }

}  // namespace withstand::faults
