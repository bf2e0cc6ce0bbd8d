#pragma once

#include "check/finding.hpp"
#include "check/history/history.hpp"

namespace withstand::check {

/// `insert [a nothing]` and `insert [nothing b]` on one key, each of which looked for both halves first and found none.
/// Failed: both were done, for then neither saw the other (A. Adya, "Weak Consistency", 1999, the G2 of two
/// anti-dependencies; A. Fekete et al., "Making Snapshot Isolation Serializable", TODS 30(2), 2005). Inconclusive: no
/// pair was tried from both sides at once.
Finding judge_write_skew(const OperationHistory& history);

}  // namespace withstand::check
