#pragma once

#include <string>

#include "record/run_record.hpp"

namespace withstand::report {

/// Reads RUN/journal.jsonl; the record's directory is RUN. Throws std::system_error when there is no journal to read.
record::RunRecord load_run(const std::string& directory);

/// Writes RUN/report.json, RUN/report.md, RUN/junit.xml and RUN/report.html, each as one step. One that cannot be
/// written does not keep the others from it; the last failure is thrown then (std::system_error).
void write_reports(const record::RunRecord& run);

}  // namespace withstand::report
