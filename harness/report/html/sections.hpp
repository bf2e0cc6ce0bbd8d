#pragma once

#include <string>

#include "record/run_record.hpp"
#include "report/html/series.hpp"

/// The parts of an HTML report; each is empty when a run has nothing to say on it.
namespace withstand::report::html {

std::string head_section(const record::RunRecord& run);  ///< verdict, reasons, facts, how to run again
/// What the page's program draws in, and the same figures as a table for those who do not see it.
std::string charts_section(const record::RunRecord& run, const LoadSeries& series);
std::string judged_section(const record::RunRecord& run);   ///< expectations and checks
std::string faults_section(const record::RunRecord& run);   ///< injections, and what was asked and measured of each
std::string latency_section(const record::RunRecord& run);  ///< per phase and kind of operation
std::string probes_section(const record::RunRecord& run);
std::string nodes_section(const record::RunRecord& run);  ///< what happened to them, as a table
std::string notes_section(const record::RunRecord& run);  ///< media, capture, warnings
std::string logs_section(const record::RunRecord& run);   ///< what nodes said around faults and exits
/// Files of the run's folder, with links from a report that lies in `from`.
std::string files_section(const record::RunRecord& run, const std::string& from);

}  // namespace withstand::report::html
