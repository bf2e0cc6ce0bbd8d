#pragma once

#include <string>

#include "record/run_record.hpp"
#include "report/pen.hpp"

/// The sections of the console summary; each is empty when a run has nothing to say on it.
namespace withstand::report {

std::string console_faults(const record::RunRecord& run, const Pen& pen);
std::string console_expectations(const record::RunRecord& run, const Pen& pen);
std::string console_checks(const record::RunRecord& run, const Pen& pen);
std::string console_latency(const record::RunRecord& run, const Pen& pen);
std::string console_probes(const record::RunRecord& run, const Pen& pen);
std::string console_nodes(const record::RunRecord& run, const Pen& pen);
std::string console_notes(const record::RunRecord& run, const Pen& pen);

}  // namespace withstand::report
