#pragma once

#include <string>
#include <vector>

#include "record/run_record.hpp"

namespace withstand::report {

/// The report that a person opens in a browser: one file with everything in it, which loads nothing and lets nothing
/// run but what is built in. Reads the histories and logs of run.directory, where it is set; what is missing there, the
/// report says. Links to the run's files are relative to the folder `from`, where the report will lie; empty: to
/// run.directory. Bounded in size whatever the run recorded (some 2 MB); what is left out is counted.
std::string html_report(const record::RunRecord& run, const std::string& from = "");

/// A page over several runs, those that are not as they should be first, with a link to the report.html of each,
/// relative to the folder `from`.
std::string html_index(const std::vector<record::RunRecord>& runs, int exit_code, const std::string& from);

}  // namespace withstand::report
