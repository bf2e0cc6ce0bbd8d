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
      {"errors", Measure::ratio, true, true, true,
       "share of the operations due that did not succeed: errors, timeouts, and operations dropped unsent"},
      {"availability", Measure::ratio, true, true, true,
       "share of the tenths of a second with operations due in which at least one of them succeeded"},
      {"dropped", Measure::ratio, true, false, true,
       "share of the operations due that were never sent, because `in_flight` operations were already under way"},
      {"declined", Measure::ratio, true, true, false,
       "share of the operations due that the target declined as it should: a comparison that did not match, an empty "
       "queue, a transaction to be tried again"},
      {"outage", Measure::duration, true, true, true,
       "longest time from when somebody asked until the next success, or the end of the phase"},
      {"recovery", Measure::duration, true, true, false,
       "time from the end of the last fault to the first success from which on a whole second was good; only in "
       "`after`"},
      {"lost", Measure::ratio, false, false, false,
       "share of the acknowledged writes due that a node lacked when they were read back; for workload write-once, in "
       "`during` and `after`"},
      {"throughput", Measure::rate, true, true, true, "successes per second of the phase"},
      {"capacity", Measure::rate, false, false, false,
       "highest rate offered in the phase up to which every second kept to `slo` of [load]"},
      {"operations", Measure::count, true, true, true, "operations that were due, whatever their outcome"},
      {"mean", Measure::duration, true, true, false,
       "mean time from due to done; what did not succeed counts with its timeout at least"},
      {"min", Measure::duration, true, true, false, "shortest time from due to done"},
      {"max", Measure::duration, true, true, true,
       "longest time from due to done; what did not succeed ranks above every success"},
      {"pNN", Measure::duration, true, true, true,
       "that percentile of the time from due to done (p50, p99, p99.9); what did not succeed ranks above every "
       "success"},
      {"probe.NAME", Measure::ratio, false, true, true, "share of that probe's samples that succeeded"},
      {"lag", Measure::duration, false, false, false,
       "99th percentile of the load generator's own lateness: a measure of the harness, not of the target"},
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

bool is_live(std::string_view name) {
  const MetricInfo* metric = find_metric(name);
  if (metric == nullptr || !metric->live) return false;
  return metric->name != "pNN" || name == "p50" || name == "p99";
}

}  // namespace withstand::spec
