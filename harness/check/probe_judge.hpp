#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "check/prometheus.hpp"
#include "core/http_get.hpp"
#include "core/lab.hpp"
#include "spec/experiment.hpp"
#include "spec/pattern.hpp"

namespace withstand::check {

/// Whether one answer is what the probe wants, and why not.
struct ProbeAnswer {
  bool ok = false;
  std::string detail;  ///< what was seen, in a few words
};

/// Judges the answers to one probe. Pure.
class ProbeJudge {
 public:
  /// Throws std::invalid_argument when a pattern, pointer or metric of the probe cannot be understood.
  explicit ProbeJudge(const spec::ProbeSpec& probe);

  /// Sources http and prometheus.
  [[nodiscard]] ProbeAnswer judge(const core::HttpAnswer& answer) const;
  [[nodiscard]] ProbeAnswer judge(const core::CommandResult& result) const;
  /// Source log: whether this line is one that the probe looks for.
  [[nodiscard]] bool matches(const core::LogLine& line) const { return pattern_->found_in(line.text); }

 private:
  [[nodiscard]] ProbeAnswer judge_body(const std::string& body) const;
  [[nodiscard]] ProbeAnswer judge_pointed(const std::string& body) const;
  [[nodiscard]] ProbeAnswer judge_sample(const std::string& body) const;

  spec::ProbeSpec probe_;
  std::optional<spec::Pattern> pattern_;  ///< of the body, the output or the log
  std::optional<MetricSelector> metric_;
};

}  // namespace withstand::check
