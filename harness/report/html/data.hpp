#pragma once

#include <string>

#include "record/run_record.hpp"
#include "report/html/series.hpp"

namespace withstand::report::html {

/// What the charts are drawn from, as JSON: phases, faults, lanes of nodes, series of load and probes. Times are whole
/// milliseconds from the start of `during` (of the run, where it did not come to that) and fractions of them where it
/// matters; response times are microseconds. `indent` as nlohmann::json::dump has it. Plain ASCII, and nothing in it
/// can end a script element.
std::string chart_data(const record::RunRecord& run, const LoadSeries& series, int indent = -1);

}  // namespace withstand::report::html
