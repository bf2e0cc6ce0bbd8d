#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The metrics that expectations and stop conditions may name. The parser, the JSON Schema and the documentation are
/// made from this one table.
namespace withstand::spec {

enum class Measure { duration, ratio, rate, count };

struct MetricInfo {
  std::string_view name;  ///< "errors"; "pNN" and "probe.NAME" stand for families
  Measure measure;
  bool by_op;                ///< takes the filter op=KIND
  bool by_node;              ///< takes the filter node=NAME
  std::string_view summary;  ///< what it is and how timeouts and drops count
};

/// In the order of the documentation.
const std::vector<MetricInfo>& metrics();

/// The entry that covers `name` ("p99.9" is covered by "pNN", "probe.ping" by "probe.NAME"), or nullptr.
const MetricInfo* find_metric(std::string_view name);

/// 99.9 for "p99.9"; nothing when `name` is no percentile, or one that is not above 0 and below 100.
std::optional<double> percentile_of(std::string_view name);

}  // namespace withstand::spec
