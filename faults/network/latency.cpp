#include <algorithm>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/link_injection.hpp"
#include "network/network_faults.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;
using std::chrono::nanoseconds;

/// A delay that was measured may exceed what was asked by the fabric's own work; beyond this its promise is broken.
nanoseconds most_excess(nanoseconds delay) { return std::max<nanoseconds>(std::chrono::milliseconds(2), delay / 10); }

spec::KindSchema latency_schema() {
  spec::KindSchema schema;
  schema.kind = "network.latency";
  schema.summary = "Delays every packet of the links it is aimed at, one way, with optional jitter.";
  schema.targeting = spec::Targeting::nodes_or_links;
  spec::Parameter delay;
  delay.name = "delay";
  delay.type = spec::ValueType::duration;
  delay.summary = "Time added to each packet, one way.";
  delay.required = true;
  delay.minimum = nanoseconds(1);
  delay.maximum = nanoseconds(std::chrono::minutes(10));
  spec::Parameter jitter;
  jitter.name = "jitter";
  jitter.type = spec::ValueType::duration;
  jitter.summary =
      "Each packet's delay is drawn evenly from delay - jitter to delay + jitter; packets keep their order.";
  jitter.fallback = nanoseconds(0);
  jitter.minimum = nanoseconds(0);
  schema.parameters = {delay, jitter, both_ways_parameter()};
  return schema;
}

core::Documentation latency_documentation() {
  core::Documentation documentation;
  documentation.text =
      "A request and its answer cross two links: a delay in one direction adds once to a round trip, both_ways adds it "
      "twice. Delays of several faults on one link add up and end independently. Jitter never reorders: a packet "
      "leaves no "
      "earlier than the one before it on its link, as in a real queue.\n\n"
      "With 'on' every link to and from the node is delayed, the clients' included: a slow machine. Packets that are "
      "under "
      "way when the fault ends still arrive at their time.";
  documentation.evidence =
      "Each packet's time from being read off the sender's interface to being written to the receiver's, per link, "
      "beside "
      "what was asked for.";
  documentation.example =
      "[[fault]]\nname   = \"slow\"\nkind   = \"network.latency\"\nfrom   = \"all\"\nto     = \"any\"\ndelay  = "
      "\"40ms\"\njitter = \"5ms\"\nat     = \"5s\"\nfor    = \"10s\"\n";
  documentation.requirements = {"namespaces", "tun"};
  return documentation;
}

EvidenceRow judge(const core::LinkEffect& effect, const std::string& link, const core::Impairment& asked) {
  EvidenceRow row;
  row.what = "delay " + link;
  row.requested = spec::to_text(asked.delay);
  if (asked.jitter.count() > 0) row.requested += " ± " + spec::to_text(asked.jitter);
  row.source = "link fabric, packets leaving";
  if (effect.delayed == 0) {
    row.measured = fmt::format("{} packets offered, none left yet", effect.offered);
    row.judgement = EvidenceRow::Judgement::absent;
    return row;
  }
  row.measured = fmt::format("mean {}, p99 {} over {} packets", spec::to_human(nanoseconds(effect.delay_mean_ns)),
                             spec::to_human(nanoseconds(effect.delay_p99_ns)), effect.delayed);
  const bool early = effect.delay_min_ns < (asked.delay - asked.jitter).count();
  const bool late = effect.delay_mean_ns - effect.requested_mean_ns > most_excess(asked.delay).count();
  row.judgement = early || late ? EvidenceRow::Judgement::mismatch : EvidenceRow::Judgement::agrees;
  return row;
}

class Latency : public core::DescribedFault {
 public:
  Latency() : DescribedFault(latency_schema(), latency_documentation()) {}
  [[nodiscard]] std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec& fault) const override {
    auto objections = aim_objections(fault);
    if (core::parameter_or<nanoseconds>(fault, "jitter", {}) > core::parameter_or<nanoseconds>(fault, "delay", {}))
      objections.push_back({"jitter", {"jitter is larger than the delay", "a packet cannot leave before it came"}});
    return objections;
  }
  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec&, const core::Topology& topology) const override {
    return claim_all_links(topology);
  }
  [[nodiscard]] std::vector<core::Link> links(const spec::FaultSpec& fault, const core::Topology& topology,
                                              std::uint64_t, const core::Aim& aim) const override {
    return aimed_links(fault, topology, aim);
  }
  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override {
    core::Impairment impairment;
    impairment.kind = core::Impairment::Kind::latency;
    impairment.delay = core::parameter_or<nanoseconds>(context.fault, "delay", {});
    impairment.jitter = core::parameter_or<nanoseconds>(context.fault, "jitter", {});
    return std::make_unique<LinkInjection>(context, impairment,
                                           aimed_links(context.fault, context.lab.topology(), context.aim),
                                           [impairment](const core::LinkEffect& effect, const std::string& link) {
                                             return judge(effect, link, impairment);
                                           });
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_latency() { return std::make_unique<Latency>(); }

}  // namespace withstand::faults
