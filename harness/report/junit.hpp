#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "record/run_record.hpp"

namespace withstand::report {

struct JunitOptions {
  /// Only what junit-10.xsd of Jenkins' xunit plugin allows: no file and line on a test case.
  bool strict = false;
  std::size_t log_bytes = 64 * 1024;  ///< of each log file, for runs that are not as they should be
};

/// JUnit XML in the flat dialect that the readers of GitHub, GitLab and Jenkins agree on: one suite per run, one case
/// per expectation, check, fault, rollback and verdict. Messages stand in the attribute and in the body (some readers
/// see only one of them). Logs are read from run.directory, where it is set.
std::string junit_report(const std::vector<record::RunRecord>& runs, const JunitOptions& options = {});

}  // namespace withstand::report
