#include <cmath>

#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/link_injection.hpp"
#include "network/network_faults.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;

spec::KindSchema loss_schema() {
  spec::KindSchema schema;
  schema.kind = "network.loss";
  schema.summary = "Drops a share of the packets of the links it is aimed at, each independently of the others.";
  schema.targeting = spec::Targeting::nodes_or_links;
  spec::Parameter loss;
  loss.name = "loss";
  loss.type = spec::ValueType::ratio;
  loss.summary = "Share of packets that are dropped, one way.";
  loss.required = true;
  loss.minimum = spec::Ratio{1};
  loss.maximum = spec::Ratio{1'000'000'000};
  schema.parameters = {loss, both_ways_parameter()};
  return schema;
}

core::Documentation loss_documentation() {
  core::Documentation documentation;
  documentation.text =
      "Each packet is dropped or not by a hash of the seed, the fault's name, the link and the packet's number on that "
      "link, so the same seed drops the same numbers again. Large segments of the sender's offload are cut into "
      "packets of "
      "the link's size first, as on a wire. The sender learns nothing of a drop.\n\n"
      "Losses of several faults on one link multiply. With 'on' every link to and from the node loses packets.";
  documentation.evidence =
      "Packets dropped of those offered, per link, counted again from the seed; and whether a share so far from the "
      "one "
      "asked for would be improbable beyond 1e-9.";
  documentation.example =
      "[[fault]]\nname = \"lossy\"\nkind = \"network.loss\"\non   = \"any\"\nloss = \"5%\"\nat   = \"5s\"\nfor  = "
      "\"10s\"\n";
  documentation.requirements = {"namespaces", "tun"};
  return documentation;
}

/// Whether `dropped` of `offered` is too far from `p` for chance: Chernoff's bound P ≤ 2 exp(-n KL(q ‖ p)) below 1e-9,
/// where q is the share seen and KL the Kullback-Leibler divergence of two coins (Hoeffding 1963, theorem 1).
bool improbable(std::uint64_t offered, std::uint64_t dropped, double p) {
  if (p >= 1) return dropped != offered;
  const double n = static_cast<double>(offered);
  const double q = static_cast<double>(dropped) / n;
  const auto term = [](double a, double b) { return a <= 0 ? 0.0 : a * std::log(a / b); };
  return n * (term(q, p) + term(1 - q, 1 - p)) > std::log(2e9);
}

EvidenceRow judge(const core::LinkEffect& effect, const std::string& link, spec::Ratio asked) {
  EvidenceRow row;
  row.what = "loss " + link;
  row.requested = spec::to_text(asked);
  row.source = "link fabric, recounted from the seed";
  row.measured = fmt::format("{:.3g}% ({} of {} packets)",
                             100.0 * static_cast<double>(effect.refused) / static_cast<double>(effect.offered),
                             effect.refused, effect.offered);
  if (effect.decided_drops != effect.refused) {
    row.measured += fmt::format(", but the seed decides {}", effect.decided_drops);
    row.judgement = EvidenceRow::Judgement::mismatch;
  } else if (improbable(effect.offered, effect.refused, asked.fraction())) {
    row.judgement = EvidenceRow::Judgement::mismatch;
  } else {
    // A link on which chance dropped nothing proves nothing, and blames nothing: others of the same fault may have.
    row.judgement = effect.refused > 0 ? EvidenceRow::Judgement::agrees : EvidenceRow::Judgement::informative;
  }
  return row;
}

class Loss : public core::DescribedFault {
 public:
  Loss() : DescribedFault(loss_schema(), loss_documentation()) {}
  [[nodiscard]] std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec& fault) const override {
    return aim_objections(fault);
  }
  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec&, const core::Topology& topology) const override {
    return claim_all_links(topology);
  }
  [[nodiscard]] std::vector<core::Link> links(const spec::FaultSpec& fault, const core::Topology& topology,
                                              std::uint64_t, const core::Aim& aim) const override {
    return aimed_links(fault, topology, aim);
  }
  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override {
    const auto loss = core::parameter_or<spec::Ratio>(context.fault, "loss", {});
    core::Impairment impairment;
    impairment.kind = core::Impairment::Kind::loss;
    impairment.loss_ppb = loss.ppb;
    return std::make_unique<LinkInjection>(
        context, impairment, aimed_links(context.fault, context.lab.topology(), context.aim),
        [loss](const core::LinkEffect& effect, const std::string& link) { return judge(effect, link, loss); });
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_loss() { return std::make_unique<Loss>(); }

}  // namespace withstand::faults
