#pragma once

#include <string>
#include <vector>

#include "record/run_record.hpp"
#include "report/style.hpp"

namespace withstand::report {

/// The final summary that a person reads: the verdict and its reason first, then the evidence for it, then where
/// everything is and how to run it again. Each line is at most style.width columns wide, but for commands and paths,
/// which stay whole so that they can be copied. Ends with a newline.
std::string console(const record::RunRecord& run, const Style& style);

/// After several runs: one line per run and the totals in words, with the exit code and its meaning.
std::string summary(const std::vector<record::RunRecord>& runs, int exit_code, const Style& style);

}  // namespace withstand::report
