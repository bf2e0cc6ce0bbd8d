#pragma once

#include <utility>
#include <vector>

#include "core/fault.hpp"

namespace withstand::faults {

/// What every fault on processes claims: a role or a draw may make any node of the target its victim.
class ProcessFault : public core::DescribedFault {
 public:
  using DescribedFault::DescribedFault;
  [[nodiscard]] std::vector<core::Claim> claims(const spec::FaultSpec&, const core::Topology& topology) const override {
    return {{core::Claim::Medium::process, topology.targets(), {}}};
  }
};

}  // namespace withstand::faults
