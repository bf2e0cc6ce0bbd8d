#include <algorithm>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/delay_evidence.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"
#include "network/number_file.hpp"

namespace withstand::faults {
namespace {

using core::DelaySettings;
using Distribution = DelaySettings::Distribution;
using spec::ValueType;
using std::chrono::nanoseconds;

std::vector<spec::Parameter> latency_parameters() {
  spec::Parameter delay = core::described("delay", ValueType::duration, "Time added to each packet, one way.");
  delay.minimum = core::least_wait;
  delay.maximum = nanoseconds(std::chrono::minutes(10));
  spec::Parameter jitter = core::described(
      "jitter", ValueType::duration,
      "How much delays differ: evenly from delay - jitter to delay + jitter, or as the distribution says.");
  jitter.fallback = nanoseconds(0);
  jitter.default_matters = core::nowhere;
  jitter.minimum = nanoseconds(0);
  spec::Parameter distribution =
      core::described("distribution", ValueType::choice,
                      "How delays are spread: even within the jitter; else jitter is their standard deviation.");
  distribution.choices = {"uniform", "normal", "pareto", "paretonormal"};
  distribution.fallback = std::string("uniform");
  distribution.default_matters = [](const spec::FaultSpec& fault) {
    return fault.given.contains("jitter") && !fault.given.contains("table");
  };
  spec::Parameter correlation =
      core::described("correlation", ValueType::ratio, "How much one packet's delay is like the next one's.");
  correlation.fallback = spec::Ratio{0};
  correlation.default_matters = core::nowhere;
  correlation.maximum = spec::Ratio{999'999'999};
  spec::Parameter order =
      core::described("order", ValueType::choice,
                      "keep: a packet leaves no earlier than the one before it; free: jitter reorders packets.");
  order.choices = {"keep", "free"};
  order.fallback = std::string("keep");
  order.default_matters = [](const spec::FaultSpec& fault) {
    return fault.given.contains("jitter") || fault.given.contains("recorded");
  };
  return {delay,
          jitter,
          distribution,
          correlation,
          order,
          core::described("table", ValueType::file,
                          "A distribution of your own: whole numbers of equal probability, in 1/8192 of the jitter."),
          core::described(
              "recorded", ValueType::file,
              "Delays that were measured, one per line with its unit; one packet takes one, then again from the "
              "start.")};
}

core::Documentation latency_documentation() {
  return link_documentation(
      "A request and its answer cross two links: a delay in one direction adds once to a round trip, both_ways adds "
      "it twice. Delays of several faults on one link add up and end independently. Jitter never reorders unless "
      "order = \"free\" says so: a packet leaves no earlier than the one before it on its link, as in a real queue. "
      "Where packets come closer together than the jitter, this makes delays longer than they were drawn; the "
      "evidence shows both.\n\n"
      "normal, pareto (of shape 3) and paretonormal have the delay as their mean and the jitter as their standard "
      "deviation; a delay below nothing is nothing. Each packet on the wire is drawn its own: with jitter, large "
      "segments "
      "of the sender's offload are cut into packets of the link's size first. A table is what iproute2's .dist files "
      "hold. With correlation "
      "the distribution stays and neighbours are alike.\n\n"
      "With 'on' every link to and from the node is delayed, the clients' included: a slow machine. Packets that are "
      "under way when the fault ends still arrive at their time; what is sent then does not wait for them.",
      "Each packet's time from being read off the sender's interface to being written to the receiver's, per link, "
      "beside what was asked for; where other faults of the link delay it too, without what they asked for. With "
      "jitter also whether the delays drawn spread as asked (a spread so small that "
      "it would come by chance once in 10^9 times is no jitter), and whether the measured delays follow them (a slope "
      "that is below one half by six standard errors is no jitter either, from 30 packets on).",
      R"([[fault]]
name   = "slow"
kind   = "network.latency"
from   = "all"
to     = "any"
delay  = "40ms"
jitter = "5ms"
at     = "5s"
for    = "10s"
)");
}

Distribution distribution_of(const spec::FaultSpec& fault) {
  if (core::parameter<std::string>(fault, "recorded")) return Distribution::recorded;
  if (core::parameter<std::string>(fault, "table")) return Distribution::table;
  const auto name = core::parameter_or<std::string>(fault, "distribution", "uniform");
  return name == "normal"         ? Distribution::normal
         : name == "pareto"       ? Distribution::pareto
         : name == "paretonormal" ? Distribution::paretonormal
                                  : Distribution::uniform;
}

spec::Result<Numbers> numbers_of(const spec::FaultSpec& fault, Distribution distribution) {
  return distribution == Distribution::recorded
             ? read_number_file(core::parameter_or<std::string>(fault, "recorded", ""), read_delays)
             : read_number_file(core::parameter_or<std::string>(fault, "table", ""), read_delay_table);
}

class Latency : public LinkFault {
 public:
  Latency()
      : LinkFault(link_schema("network.latency",
                              "Delays every packet of the links it is aimed at, one way, with optional jitter.",
                              latency_parameters()),
                  latency_documentation()) {}

 private:
  [[nodiscard]] std::vector<spec::KindTable::Objection> own_objections(const spec::FaultSpec& fault) const override {
    const auto delay = core::parameter<nanoseconds>(fault, "delay");
    const auto jitter = core::parameter_or<nanoseconds>(fault, "jitter", {});
    const Distribution distribution = distribution_of(fault);
    const bool named = core::parameter_or<std::string>(fault, "distribution", "uniform") != "uniform";
    const bool table = core::parameter<std::string>(fault, "table").has_value();
    if (distribution == Distribution::recorded && (table || named || jitter.count() > 0))
      return {{"recorded", {"recorded delays have no jitter or distribution", "leave out one of them"}}};
    if (distribution != Distribution::recorded && !delay)
      return {{"", {"does not say how long", "say 'delay' or 'recorded'"}}};
    if (table && named) return {{"table", {"says two distributions", "leave out 'distribution'"}}};
    if (jitter > delay.value_or(jitter))
      return {{"jitter", {"jitter is larger than the delay", "a packet cannot leave before it came"}}};
    if (core::parameter_or<spec::Ratio>(fault, "correlation", {}).ppb > 0 && jitter.count() == 0)
      return {{"correlation",
               {distribution == Distribution::recorded ? "recorded delays follow each other as they were recorded"
                                                       : "correlation without jitter: every delay is the same",
                distribution == Distribution::recorded ? "leave it out" : "say 'jitter'"}}};
    if ((table || named) && jitter.count() == 0)
      return {{table ? "table" : "distribution", {"a distribution without jitter", "say 'jitter'"}}};
    if (distribution != Distribution::recorded && !table) return {};
    const auto numbers = numbers_of(fault, distribution);
    if (!numbers) return {{table ? "table" : "recorded", {numbers.error().message, numbers.error().help}}};
    if (!table && !delay && *std::max_element(numbers->begin(), numbers->end()) < core::least_wait.count())
      return {{"recorded",
               {"none of these delays can be told from no delay",
                fmt::format("one of {} or more must be among them", spec::to_text(core::least_wait))}}};
    return {};
  }

  [[nodiscard]] core::Impairment impairment(const spec::FaultSpec& fault) const override {
    core::Impairment asked;
    asked.kind = core::Impairment::Kind::latency;
    asked.settings.delay = {.delay = core::parameter_or<nanoseconds>(fault, "delay", {}),
                            .jitter = core::parameter_or<nanoseconds>(fault, "jitter", {}),
                            .distribution = distribution_of(fault),
                            .correlation_ppb = core::parameter_or<spec::Ratio>(fault, "correlation", {}).ppb,
                            .reorders = core::parameter_or<std::string>(fault, "order", "keep") == "free"};
    const Distribution distribution = asked.settings.delay.distribution;
    if (distribution == Distribution::table || distribution == Distribution::recorded) {
      auto numbers = numbers_of(fault, distribution);
      if (!numbers) throw std::runtime_error(numbers.error().message);
      asked.table = std::make_shared<const Numbers>(std::move(*numbers));
    }
    return asked;
  }

  [[nodiscard]] core::EvidenceRow judge(const core::Impairment& asked, const core::LinkEffect& effect,
                                        const std::string& link) const override {
    return judge_delay(asked, effect, link);
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_latency() { return std::make_unique<Latency>(); }

}  // namespace withstand::faults
