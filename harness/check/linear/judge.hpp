#pragma once

#include "check/finding.hpp"
#include "check/linear/parts.hpp"

namespace withstand::check {

/// Whether some order of the operations that respects real time explains what each was told.
///
/// Inconclusive: nothing was changed, nothing was seen, the history has no beginnings of operations, or a search ran
/// into its limits (`time`, `memory`). Parts are judged on several threads.
Finding judge_linearizable(const OperationHistory& history, LinearObject object, const LinearOptions& options);

}  // namespace withstand::check
