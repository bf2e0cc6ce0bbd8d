#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

std::vector<spec::Parameter> mtu_parameters() {
  spec::Parameter mtu =
      core::described("mtu", spec::ValueType::bytes,
                      "The largest IP packet, with its headers, that still passes; nodes send up to 1500B.");
  mtu.required = true;
  mtu.minimum = spec::Bytes{28};
  mtu.maximum = spec::Bytes{1499};
  return {mtu};
}

core::Documentation mtu_documentation() {
  return link_documentation(
      "A black hole for large packets, as a tunnel with a small MTU behind a firewall that drops ICMP: what is "
      "larger vanishes, and nobody is told. Connections open and small requests work; the first large answer hangs. "
      "Linux notices after some retransmissions only where net.ipv4.tcp_mtu_probing says so.\n\n"
      "Large segments of the sender's offload are cut into packets of the link's size first.",
      "Packets refused of those offered, per link; that larger ones vanish is seen by what is left.",
      R"([[fault]]
name = "tunnel"
kind = "network.mtu"
from = "all"
to   = "any"
mtu  = "1280B"
at   = "5s"
for  = "10s"
)");
}

class Mtu : public LinkFault {
 public:
  Mtu()
      : LinkFault(
            link_schema("network.mtu", "Lets large packets of the links it is aimed at vanish.", mtu_parameters()),
            mtu_documentation()) {}

 private:
  [[nodiscard]] core::Impairment impairment(const spec::FaultSpec& fault) const override {
    core::Impairment asked;
    asked.kind = core::Impairment::Kind::mtu;
    asked.settings.mtu = core::parameter_or<spec::Bytes>(fault, "mtu", {}).count;
    return asked;
  }

  [[nodiscard]] EvidenceRow judge(const core::Impairment& asked, const core::LinkEffect& effect,
                                  const std::string& link) const override {
    EvidenceRow row;
    row.what = "mtu " + link;
    row.requested = fmt::format("packets above {} vanish", spec::to_text(spec::Bytes{asked.settings.mtu}));
    row.measured = fmt::format("{} of {} packets vanished; the largest that left had {} bytes", effect.refused,
                               effect.offered, effect.largest);
    row.source = source_of(effect, "link fabric, packets leaving");
    const bool passed = static_cast<std::int64_t>(effect.largest) > asked.settings.mtu;
    // A link that carried small packets only lost none: that proves nothing and blames nothing.
    row.judgement = passed               ? EvidenceRow::Judgement::mismatch
                    : effect.refused > 0 ? EvidenceRow::Judgement::agrees
                                         : EvidenceRow::Judgement::informative;
    return row;
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_mtu() { return std::make_unique<Mtu>(); }

}  // namespace withstand::faults
