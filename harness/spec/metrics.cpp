#include "spec/metrics.hpp"

#include <cctype>
#include <string>

namespace withstand::spec {
namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }

/// Digits, at most `limit` of them, and at least one.
std::size_t digits(std::string_view text, std::size_t limit) {
  std::size_t count = 0;
  while (count < text.size() && digit(text[count])) ++count;
  return count <= limit ? count : 0;
}

}  // namespace

const std::vector<MetricInfo>& metrics() {
  static const std::vector<MetricInfo> table{
      {"errors", Measure::ratio, true, true,
       "share of the operations sent that ended in an error or timed out; operations dropped unsent are in `dropped`"},
      {"availability", Measure::ratio, true, true,
       "share of the operations due that succeeded; errors, timeouts and drops all count against it"},
      {"dropped", Measure::ratio, true, false,
       "share of the operations due that were never sent, because `in_flight` operations were already under way"},
      {"outage", Measure::duration, true, true, "longest time without a success, the phase's own edges included"},
      {"recovery", Measure::duration, true, true,
       "time from the end of the last fault until operations succeed again; seen in `after`"},
      {"throughput", Measure::rate, true, true, "successful operations per second, averaged over the phase"},
      {"operations", Measure::count, true, true, "operations that ended, whatever their outcome"},
      {"mean", Measure::duration, true, true,
       "mean latency of successful operations, from when the operation was due; timeouts have no latency"},
      {"min", Measure::duration, true, true, "shortest latency of a successful operation"},
      {"max", Measure::duration, true, true, "longest latency of a successful operation"},
      {"pNN", Measure::duration, true, true,
       "that percentile of the latency of successful operations, from when they were due: p50, p99, p99.9"},
      {"probe.NAME", Measure::ratio, false, true, "share of that probe's samples that succeeded"},
      {"lag", Measure::duration, false, false,
       "how late the load generator itself sent operations, at most: a measure of the harness, not of the target"},
  };
  return table;
}

std::optional<double> percentile_of(std::string_view name) {
  if (!name.starts_with('p')) return std::nullopt;
  const std::string number(name.substr(1));
  std::string_view rest = number;
  const std::size_t whole = digits(rest, 2);
  if (whole == 0) return std::nullopt;
  rest.remove_prefix(whole);
  if (!rest.empty()) {
    if (rest.front() != '.') return std::nullopt;
    rest.remove_prefix(1);
    if (const std::size_t fraction = digits(rest, 4); fraction == 0 || fraction != rest.size()) return std::nullopt;
  }
  const double value = std::stod(number);
  if (value <= 0) return std::nullopt;
  return value;
}

const MetricInfo* find_metric(std::string_view name) {
  std::string_view family = name;
  if (name.size() > 6 && name.starts_with("probe.")) family = "probe.NAME";
  if (percentile_of(name)) family = "pNN";
  for (const MetricInfo& metric : metrics()) {
    const bool placeholder = metric.name == "pNN" || metric.name == "probe.NAME";
    if (metric.name == family && (!placeholder || family != name)) return &metric;
  }
  return nullptr;
}

}  // namespace withstand::spec
