#pragma once

#include <string>
#include <vector>

#include "core/fault.hpp"
#include "core/http.hpp"

namespace withstand::faults {

/// One impairment of the HTTP messages of connections opened over a set of links; the evidence is what arrived.
class HttpInjection : public core::Injection {
 public:
  HttpInjection(const core::Context& context, const core::HttpSettings& settings, core::HttpMatch match,
                std::string action, std::vector<core::Link> links);
  [[nodiscard]] core::Evidence observe() override;
  void revert() override;

 private:
  core::Lab& lab_;
  core::HttpSettings settings_;
  std::string action_;
  core::Links::Handle handle_ = 0;
  bool reverted_ = false;
};

/// What one link's account shows; of links that carried HTTP.
core::EvidenceRow judge_http(const core::HttpSettings& asked, const std::string& action, const core::HttpEffect& effect,
                             const std::string& link);
/// Why nothing was done on any link, from the sum of their accounts and the kinds of requests that were seen.
std::string why_nothing(const core::HttpSettings& asked, const core::HttpEffect& sum,
                        const std::vector<core::HttpSeen>& seen);
/// Connections that could not be read, and why; empty when there are none.
std::string unread(const core::HttpEffect& sum);

}  // namespace withstand::faults
