#pragma once

#include <string>
#include <vector>

#include "record/run_record.hpp"

namespace withstand::report {

/// The Prometheus text format (exposition format 0.0.4), for node_exporter's textfile collector: write it with
/// write_file to a name that ends in .prom. Base units are seconds. Of an experiment that was run several times the
/// gauges describe the last run; withstand_runs_total counts all of this invocation.
std::string prometheus_report(const std::vector<record::RunRecord>& runs);

}  // namespace withstand::report
