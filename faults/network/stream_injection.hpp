#pragma once

#include <string>
#include <vector>

#include "core/fault.hpp"
#include "core/stream.hpp"

namespace withstand::faults {

/// One impairment of the connections opened over a set of links; the evidence is what arrived at their ends.
class StreamInjection : public core::Injection {
 public:
  StreamInjection(const core::Context& context, const core::StreamSettings& settings, std::string action,
                  std::vector<core::Link> links);
  [[nodiscard]] core::Evidence observe() override;
  void revert() override;

 private:
  core::Lab& lab_;
  core::StreamSettings settings_;
  std::string action_;
  core::Links::Handle handle_ = 0;
  bool reverted_ = false;
};

/// What one link's account shows of an impairment; of links on which connections met it.
core::EvidenceRow judge_stream(const core::StreamSettings& asked, const std::string& action,
                               const core::StreamEffect& effect, const std::string& link);

}  // namespace withstand::faults
