#include <fmt/format.h>

#include "core/parameters.hpp"
#include "network/link_fault.hpp"
#include "network/network_faults.hpp"
#include "network/slow_start.hpp"

namespace withstand::faults {
namespace {

using core::EvidenceRow;
using core::NodeId;

spec::KindSchema unplug_schema() {
  spec::KindSchema schema;
  schema.kind = "network.unplug";
  schema.summary = "Takes the network cable out of nodes: their interface has no carrier.";
  schema.targeting = spec::Targeting::nodes;
  schema.parameters = {slow_start_parameter()};
  return schema;
}

core::Documentation unplug_documentation() {
  return link_documentation(
      "The node's interface eth0 loses its carrier, as when its cable is pulled: it stays up and keeps its addresses "
      "and routes, but nothing leaves it and nothing arrives, from clients neither. Unlike behind a partition, the "
      "node itself can know: its kernel tells whoever listens (NO-CARRIER, IFF_RUNNING), and Linux answers some "
      "calls with errors. loopback works on.",
      "The carrier as the node's kernel reports it, how often it changed, and that no packet was written to the "
      "node's interface or read from it meanwhile. Where nobody sends the node anything, nothing was missed: that is "
      "no effect.",
      R"([[fault]]
name = "cable"
kind = "network.unplug"
on   = "any"
at   = "5s"
for  = "10s"
)");
}

class UnplugInjection : public core::Injection {
 public:
  UnplugInjection(const core::Context& context, std::vector<core::Link> links)
      : lab_(context.lab),
        fault_(context.fault.name),
        seed_(context.seed),
        links_(std::move(links)),
        slow_(context.lab, slow_start_of(context.fault)) {
    core::Impairment cut;
    cut.kind = core::Impairment::Kind::partition;
    cut.fault = context.fault.name;
    cut.seed = context.seed;
    cut_ = lab_.links().add(cut, links_);
    for (const NodeId node : context.aim.on) {
      const auto before = lab_.links().carrier(node);
      lab_.links().unplug(node);
      cables_.push_back({.node = node, .changes_before = before.changes, .seen = lab_.links().carrier(node)});
    }
  }

  [[nodiscard]] core::Evidence observe() override {
    core::Evidence evidence;
    for (Cable& cable : cables_) {
      if (!reverted_) cable.seen = lab_.links().carrier(cable.node);
      EvidenceRow row;
      row.what = "carrier " + lab_.topology().at(cable.node).name;
      row.requested = "gone";
      row.measured = fmt::format("{} after {} change{}", cable.seen.present ? "present" : "gone",
                                 cable.seen.changes - cable.changes_before,
                                 cable.seen.changes - cable.changes_before == 1 ? "" : "s");
      row.source = "kernel: the node's interface";
      row.judgement = cable.seen.present ? EvidenceRow::Judgement::absent : EvidenceRow::Judgement::agrees;
      evidence.rows.push_back(row);
    }
    evidence.rows.push_back(packets());
    return evidence;
  }

  void revert() override {
    if (reverted_) return;
    for (Cable& cable : cables_) {
      cable.seen = lab_.links().carrier(cable.node);  // the last word on it while it was out
      lab_.links().plug(cable.node);
    }
    slow_.begin(fault_, seed_, links_);
    lab_.links().remove(cut_);
    reverted_ = true;
  }

 private:
  struct Cable {
    NodeId node = 0;
    std::uint32_t changes_before = 0;
    core::Links::Carrier seen;
  };

  EvidenceRow packets() {
    std::uint64_t sent = 0, offered = 0, refused = 0, delivered = 0;
    for (const auto& effect : lab_.links().effect(cut_)) {
      sent += effect.sent;
      offered += effect.offered;
      refused += effect.refused;
      delivered += effect.delivered;
    }
    EvidenceRow row{"packets to and from", "none arrives",
                    fmt::format("{} of {} refused, {} delivered", refused, offered, delivered),
                    "link fabric, packets leaving", EvidenceRow::Judgement::informative};
    if (refused != offered || delivered > 0) row.judgement = EvidenceRow::Judgement::mismatch;
    // What the node sends ends in its own kernel, unseen; but whoever talks with it also hears from others.
    if (sent == 0) {
      row.measured = "nobody sent it anything";
      row.judgement = EvidenceRow::Judgement::absent;
    }
    return row;
  }

  core::Lab& lab_;
  std::string fault_;
  std::uint64_t seed_;
  std::vector<core::Link> links_;
  SlowStart slow_;
  core::Links::Handle cut_ = 0;
  std::vector<Cable> cables_;
  bool reverted_ = false;
};

class Unplug : public core::DescribedFault {
 public:
  Unplug() : DescribedFault(unplug_schema(), unplug_documentation()) {}
  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec&, const core::Topology& topology) const override {
    return claim_all_links(topology);
  }
  [[nodiscard]] std::vector<core::Link> links(const spec::FaultSpec& fault, const core::Topology& topology,
                                              std::uint64_t, const core::Aim& aim) const override {
    return aimed_links(fault, topology, aim);
  }
  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const override {
    return std::make_unique<UnplugInjection>(context, aimed_links(context.fault, context.lab.topology(), context.aim));
  }
};

}  // namespace

std::unique_ptr<core::Fault> network_unplug() { return std::make_unique<Unplug>(); }

}  // namespace withstand::faults
