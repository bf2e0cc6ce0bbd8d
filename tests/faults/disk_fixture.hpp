#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/disk.hpp"
#include "fault_fixture.hpp"

namespace withstand::faults::testing {

/// Faults on the files of nodes that sleep, seen by commands that are run there.
class DiskFaultTest : public FaultTest {
 protected:
  void SetUp() override {
    if (::access("/dev/fuse", R_OK | W_OK) != 0) GTEST_SKIP() << "needs /dev/fuse";
    FaultTest::SetUp();
  }
  /// Nodes that sleep, whose files may be struck by anything.
  void stand(std::int64_t nodes = 2) {
    core::Claim claim;
    claim.medium = core::Claim::Medium::disk;
    for (core::NodeId id = 0; id < static_cast<core::NodeId>(nodes); ++id) claim.nodes.push_back(id);
    claim.files = {{core::DiskOperations::all(), ""}};
    more_claims_ = {claim};
    launch("exec sleep 1000", nodes);
  }
  /// With every default of the kind, as the parser has it.
  core::Injection& strike(const std::string& kind, std::map<std::string, spec::Value> parameters,
                          std::vector<core::NodeId> on = {0}) {
    for (const auto& each : catalog_.find(kind)->parameters)
      if (each.fallback && !parameters.contains(each.name)) parameters[each.name] = *each.fallback;
    return inject(kind, std::move(parameters), {std::move(on), {}});
  }
  static std::string text(core::Injection& injection) {
    std::string all;
    for (const auto& row : injection.observe().rows)
      all +=
          row.what + " | " + row.requested + " | " + row.measured + " | " + std::string(to_text(row.judgement)) + "\n";
    return all;
  }
};

}  // namespace withstand::faults::testing
