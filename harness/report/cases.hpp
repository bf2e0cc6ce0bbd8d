#pragma once

#include <string>
#include <vector>

#include "record/run_record.hpp"

namespace withstand::report {

/// One judged thing of a run, in the terms of test reports and annotations.
struct Case {
  enum class Result { passed, failure, error, skipped };
  std::string name;  ///< "during: outage < 8s", "check: linearizable", "fault: kill", "rollback", "verdict"; unique
  Result result = Result::passed;
  std::string type;     ///< "ExpectationFailed", "CheckFailed", "Inconclusive", "NoEvidence", ...; empty when passed
  std::string message;  ///< one line; for a passed one what is worth saying, mostly nothing
  std::vector<std::string> details;  ///< further lines
  int line = 0;                      ///< in the experiment file; 0: not known
};

/// Expectations, checks, faults, rollback and the verdict itself, in this order. What its file says must fail, and did,
/// is passed.
std::vector<Case> cases_of(const record::RunRecord& run);

}  // namespace withstand::report
