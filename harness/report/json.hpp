#pragma once

#include <string>
#include <vector>

#include "record/run_record.hpp"

namespace withstand::report {

/// The machine's report, for --json and report.json: one object with "v": 1 and the runs in order, as
/// harness/report/report.schema.json says. Keys come in a fixed order, numbers are exact (times are integer
/// nanoseconds, the 64-bit seed is a text). Ends with a newline.
std::string json_report(const std::vector<record::RunRecord>& runs, int exit_code);

}  // namespace withstand::report
