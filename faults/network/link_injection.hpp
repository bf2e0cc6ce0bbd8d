#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/fault.hpp"

namespace withstand::faults {

/// What every packet fault shares: one impairment on a set of links, ended by removing it; the evidence is the fabric's
/// account of each link, taken where packets leave.
class LinkInjection : public core::Injection {
 public:
  /// Makes one evidence row from one link's account. Links that were offered no packet are left out before.
  using Judge = std::function<core::EvidenceRow(const core::LinkEffect&, const std::string& link)>;
  LinkInjection(const core::Context& context, core::Impairment impairment, std::vector<core::Link> links, Judge judge);
  [[nodiscard]] core::Evidence observe() override;
  void revert() override;

 private:
  core::Lab& lab_;
  core::Links::Handle handle_;
  Judge judge_;
  std::size_t links_;
  bool reverted_ = false;
};

/// Targeting by `from` and `to`, or by `on` (every link to and from these nodes, clients included); `both_ways` adds
/// the way back.
std::vector<core::Link> aimed_links(const spec::FaultSpec& fault, const core::Topology& topology, const core::Aim& aim);
spec::Parameter both_ways_parameter();
std::vector<spec::KindTable::Objection> aim_objections(const spec::FaultSpec& fault);
/// Every link of the lab: roles and groups are known too late to claim less.
std::vector<core::Claim> claim_all_links(const core::Topology& topology);

}  // namespace withstand::faults
