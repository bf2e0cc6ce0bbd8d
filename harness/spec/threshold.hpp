#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>

#include "spec/diagnostic.hpp"
#include "spec/result.hpp"
#include "spec/units.hpp"

namespace withstand::spec {

enum class Comparison { less, less_equal, greater, greater_equal, equal, not_equal };

/// One expectation, e.g. `p99{op=read} < 20ms`, `errors == 0%`, `recovery < 8s`, `probe.ping >= 90%`, `throughput >
/// 350/s`.
///
/// Grammar: `METRIC [ "{" key "=" value ("," key "=" value)* "}" ] COMPARISON VALUE`, where METRIC is one of
///   errors, availability, dropped (ratios of operations) · lost (ratio of acknowledged writes) · outage, recovery
///   (durations) · throughput (rate) · operations (count) · mean, min, max, p50, p90, p95, p99, p99.9 or any pNN[.NN]
///   (durations) · probe.NAME (ratio of the probe's successes) · lag (duration, the generator's own).
/// Filters: op=KIND, node=NAME. The value's unit must fit the metric; or it is `[NUMBER "*"] PHASE`, so many times what
/// the same metric was in an earlier phase: `p99 < 3 * before`.
struct Threshold {
  std::string text;    ///< as written, spaces normalised; the expectation's name in `fails`
  std::string metric;  ///< "errors", "p99.9", "probe.ping"
  std::map<std::string, std::string> filters;
  Comparison comparison = Comparison::less;
  std::variant<Duration, Ratio, Rate, std::int64_t> value;  ///< with `relative_to` of no meaning but its unit
  std::string relative_to{};  ///< "before" or "during": the limit is `factor` times the metric there
  double factor = 1;
  Position at{};  ///< in the experiment file; unknown when parsed from elsewhere
};

/// A stop condition: a threshold over a sliding window, `probe.ping < 10% for 30s`.
struct StopCondition {
  Threshold when;
  Duration lasting{};  ///< how long it must hold without a break
};

Result<Threshold> parse_threshold(std::string_view text);
Result<StopCondition> parse_stop_condition(std::string_view text);
/// Whether `measured` (same alternative as the threshold's value) satisfies the comparison.
bool satisfies(const Threshold& threshold, const std::variant<Duration, Ratio, Rate, std::int64_t>& measured);

}  // namespace withstand::spec
