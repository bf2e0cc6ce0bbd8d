#pragma once

#include "check/txn/facts.hpp"

namespace withstand::check {

/// Adds what orders transactions besides what they read and wrote: one client's after each other, and what had ended
/// before what began, through helpers that stand for instants, so that the edges grow with the transactions alone.
void add_time(const OperationHistory& history, const Transactions& transactions, bool real_time,
              DependencyGraph& graph);

/// Looks for cycles of every kind and adds them as anomalies. The graph must be closed.
void find_cycles(const OperationHistory& history, const Transactions& transactions, TransactionFacts& facts);

}  // namespace withstand::check
