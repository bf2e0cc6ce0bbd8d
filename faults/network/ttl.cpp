#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

std::vector<spec::Parameter> ttl_parameters() {
  spec::Parameter hops = core::described("hops", spec::ValueType::integer,
                                         "How many routers each packet passes; Linux sends with 64 to spare.");
  hops.required = true;
  hops.minimum = std::int64_t{1};
  hops.maximum = std::int64_t{255};
  return {hops};
}

core::Documentation ttl_documentation() {
  return link_documentation(
      "Takes so many hops from each packet's time to live (hop limit), as a detour through many routers or a routing "
      "loop does; a packet whose last hop is taken vanishes. From 64 on nothing passes that Linux sends by default, "
      "while what was sent with more does; below, packets arrive with less to spare, which matters to what is sent "
      "with 1, as multicast and some discovery are.\n\n"
      "The sender is told nothing: routers limit what ICMP they send, and firewalls drop it.",
      "Packets refused of those offered, per link, and the least time to live that arrived.",
      R"([[fault]]
name = "loop"
kind = "network.ttl"
from = "all"
to   = "any"
hops = 64
at   = "5s"
for  = "10s"
)");
}

class TimeToLive : public LinkFault {
 public:
  TimeToLive()
      : LinkFault(link_schema("network.ttl", "Takes hops from packets of the links it is aimed at, until none is left.",
                              ttl_parameters()),
                  ttl_documentation()) {}

 private:
  [[nodiscard]] core::Impairment impairment(const spec::FaultSpec& fault) const override {
    core::Impairment asked;
    asked.kind = core::Impairment::Kind::ttl;
    asked.settings.hops = core::parameter_or<std::int64_t>(fault, "hops", 0);
    return asked;
  }

  [[nodiscard]] EvidenceRow judge(const core::Impairment& asked, const core::LinkEffect& effect,
                                  const std::string& link) const override {
    EvidenceRow row;
    row.what = "ttl " + link;
    row.requested = fmt::format("{} hops", asked.settings.hops);
    row.measured = fmt::format("{} of {} packets ran out of hops", effect.refused, effect.offered);
    if (effect.delivered > 0)
      row.measured += fmt::format(", {} arrived with {} or more taken", effect.delivered, effect.least_hops_taken);
    row.source = source_of(effect, "link fabric, packets leaving");
    const bool short_of =
        effect.delivered > 0 && static_cast<std::int64_t>(effect.least_hops_taken) < asked.settings.hops;
    if (short_of)
      row.judgement = EvidenceRow::Judgement::mismatch;
    else
      row.judgement =
          effect.refused + effect.delivered > 0 ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::informative;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_ttl() { return std::make_unique<TimeToLive>(); }

}  // namespace withstand::faults
