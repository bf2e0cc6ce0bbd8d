#pragma once

#include <string>
#include <vector>

#include "core/disk.hpp"
#include "core/fault.hpp"

namespace withstand::faults {

/// A fault on the files of nodes' data directories: what all of these share. They aim by `on`, choose operations by
/// what they are, path, process and range, and of those by count and by chance.
class DiskFault : public core::DescribedFault {
 public:
  using DescribedFault::DescribedFault;
  [[nodiscard]] std::vector<spec::KindTable::Objection> objections(const spec::FaultSpec& fault) const override;
  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec& fault,
                                                const core::Topology& topology) const override;
  void prepare(const spec::FaultSpec& fault, core::Lab& lab) const final;
  [[nodiscard]] std::unique_ptr<core::Injection> inject(const core::Context& context) const final;

 protected:
  /// Which it looks at: those that the parameter of this name says.
  [[nodiscard]] virtual core::DiskOperations operations(const spec::FaultSpec& fault) const;
  /// Completes a rule that has everything but what it does.
  virtual void act(const spec::FaultSpec& fault, core::DiskRule& rule) const = 0;
  /// One node's evidence; the rule struck at least one operation there.
  [[nodiscard]] virtual core::EvidenceRow judge(const core::DiskRule& rule, const core::DiskEffect& effect,
                                                const std::string& node) const = 0;
  /// Why it struck nothing on a node, and what came near.
  [[nodiscard]] virtual std::string silence(const core::DiskRule& rule, const core::DiskEffect& effect) const;
  [[nodiscard]] virtual std::vector<spec::KindTable::Objection> own_objections(const spec::FaultSpec&) const {
    return {};
  }
};

/// The kind's own parameters, then those that choose operations. `operations`: the default; where it is empty the kind
/// itself says which.
spec::KindSchema disk_schema(std::string kind, std::string summary, std::vector<spec::Parameter> parameters,
                             spec::TextList operations);
core::Documentation disk_documentation(std::string text, std::string evidence, std::string example);

}  // namespace withstand::faults
