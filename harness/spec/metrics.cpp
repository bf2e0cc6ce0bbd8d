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
       "share of the operations due that did not succeed: errors, timeouts and drops alike"},
      {"availability", Measure::ratio, true, true,
       "share of time served: of the tenths of a second in which operations were due, those in which one succeeded"},
      {"dropped", Measure::ratio, true, false,
       "share of the operations due that were never sent, because `in_flight` operations were already under way"},
      {"outage", Measure::duration, true, true,
       "longest time unserved: from an operation's due time, the first since a success, to the next success"},
      {"recovery", Measure::duration, true, true,
       "from the end of the last fault to the first success from which on a whole second of operations succeeded"},
      {"throughput", Measure::rate, true, true, "successes that completed in the phase, per second of it"},
      {"operations", Measure::count, true, true, "operations due, whatever became of them"},
      {"mean", Measure::duration, true, true,
       "mean time from due to done; what did not succeed counts with at least the load's timeout"},
      {"min", Measure::duration, true, true, "shortest time from due to done of a success"},
      {"max", Measure::duration, true, true, "longest time from due to done; above every limit if anything failed"},
      {"pNN", Measure::duration, true, true,
       "that percentile (p50, p99, p99.9) of the time from due to done; what did not succeed is slower than all that "
       "did"},
      {"probe.NAME", Measure::ratio, false, true, "share of that probe's samples that succeeded"},
      {"lag", Measure::duration, false, false,
       "99th percentile of how late the load generator itself sent: a measure of the harness, not of the target"},
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
