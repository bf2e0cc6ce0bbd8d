#pragma once

#include <string>
#include <vector>

#include "core/fault.hpp"
#include "network/link_injection.hpp"

namespace withstand::faults {

/// A fault on the packets of links: what all of these share. They aim by `from` and `to` or by `on`, and may be
/// narrowed to some of a link's packets.
class LinkFault : public core::DescribedFault {
 public:
  using DescribedFault::DescribedFault;
  [[nodiscard]] std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec& fault) const override;
  [[nodiscard]] std::vector<spec::KindTable::Objection> objections_when_attached(
      const spec::FaultSpec& fault) const override;
  [[nodiscard]] std::vector<std::string> requirements_when_attached(const spec::FaultSpec& fault) const override;
  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec& fault,
                                                const core::Topology& topology) const override;
  [[nodiscard]] std::vector<core::Link> links(const spec::FaultSpec& fault, const core::Topology& topology,
                                              std::uint64_t seed, const core::Aim& aim) const override;
  void prepare(const spec::FaultSpec& fault, core::Lab& lab) const final;
  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const final;

 private:
  [[nodiscard]] core::Impairment narrowed(const spec::FaultSpec& fault) const;

 protected:
  /// What is asked of each link; the narrowing is added to it.
  [[nodiscard]] virtual core::Impairment impairment(const spec::FaultSpec& fault) const = 0;
  /// One link's evidence; the link was offered packets.
  [[nodiscard]] virtual core::EvidenceRow judge(const core::Impairment& asked, const core::LinkEffect& effect,
                                                const std::string& link) const = 0;
  /// Combinations that cannot be, beyond those of aim and narrowing.
  [[nodiscard]] virtual std::vector<spec::KindTable::Objection> own_objections(const spec::FaultSpec&) const {
    return {};
  }
};

/// The kind's own parameters, then those of every packet fault: both_ways, protocol, port, connections.
spec::KindSchema link_schema(std::string kind, std::string summary, std::vector<spec::Parameter> parameters);
/// `requirements` are those of the fabric.
core::Documentation link_documentation(std::string text, std::string evidence, std::string example);

/// To which of a link's packets a fault applies: protocol, port, connections.
std::vector<spec::Parameter> narrowing_parameters();
core::Match match_of(const spec::FaultSpec& fault);
std::vector<spec::KindTable::Objection> narrowing_objections(const spec::FaultSpec& fault);

/// Of faults on connections: whatever the action is, it needs to see their segments, in order, and to write its own.
std::vector<spec::KindTable::Objection> connections_when_attached(const spec::FaultSpec& fault);

/// The share of packets something happens to, and how much it comes in runs; both ppb.
std::vector<spec::Parameter> choice_parameters(const std::string& name, const std::string& summary);
core::Choice choice_of(const spec::FaultSpec& fault, const std::string& name);

}  // namespace withstand::faults
