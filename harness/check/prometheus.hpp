#pragma once

#include <map>
#include <string>
#include <string_view>

#include "spec/result.hpp"

/// The Prometheus text exposition format (prometheus.io/docs/instrumenting/exposition_formats, version 0.0.4; the
/// samples of OpenMetrics read the same). Pure.
namespace withstand::check {

/// `kv_ops_total{op="read"}`: a metric's name and labels that a sample must carry (it may carry more).
struct MetricSelector {
  std::string name;
  std::map<std::string, std::string> labels;
};
spec::Result<MetricSelector> parse_metric_selector(std::string_view text);

/// The value of the one sample that is selected. A complaint when none is, or when several are and the selector would
/// have to say which. Lines that are no samples are skipped.
spec::Result<double> find_sample(std::string_view exposition, const MetricSelector& selector);

}  // namespace withstand::check
