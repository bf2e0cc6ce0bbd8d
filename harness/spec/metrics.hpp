#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The metrics that expectations and stop conditions may name: parser and JSON Schema are made from this one table. How
/// each is computed, and why so, is in harness/check/README.md.
namespace withstand::spec {

enum class Measure { duration, ratio, rate, count };

struct MetricInfo {
  std::string_view name;  ///< "errors"; "pNN" and "probe.NAME" stand for families
  Measure measure;
  bool by_op;                ///< takes the filter op=KIND
  bool by_node;              ///< takes the filter node=NAME
  bool live;                 ///< can be watched while the run goes on, so a [stop] condition may name it
  std::string_view summary;  ///< what it is and how timeouts and drops count
};

/// In the order of the documentation.
const std::vector<MetricInfo>& metrics();

/// The entry that covers `name` ("p99.9" is covered by "pNN", "probe.ping" by "probe.NAME"), or nullptr.
const MetricInfo* find_metric(std::string_view name);

/// Whether a [stop] condition may name it. Of the percentiles only p50 and p99 are kept second by second.
bool is_live(std::string_view name);

/// 99.9 for "p99.9"; nothing when `name` is no percentile, or one that is not above 0 and below 100.
std::optional<double> percentile_of(std::string_view name);

}  // namespace withstand::spec
