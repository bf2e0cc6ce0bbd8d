#pragma once

#include "check/finding.hpp"
#include "check/txn/levels.hpp"
#include "check/txn/transactions.hpp"

namespace withstand::check {

struct TransactionOptions {
  const IsolationLevel* level = nullptr;  ///< what is to hold; nullptr: strict-serializable
};

/// Whether the transactions show an anomaly that the isolation level forbids. Every anomaly found is told, with the
/// weakest levels that it rules out. Time and memory grow with the history's size alone, but for the search of cycles
/// with one anti-dependency, which is bounded; that a level is violated is always noticed.
///
/// Held says that none of the known anomalies was found; for registers, whose versions' order is known in part, that is
/// less than serializability. Inconclusive: no transaction committed, or none saw what another had done.
Finding judge_transactions(const OperationHistory& history, TransactionKind kind, const TransactionOptions& options);

}  // namespace withstand::check
