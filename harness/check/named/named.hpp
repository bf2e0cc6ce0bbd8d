#pragma once

#include <cstdint>
#include <optional>

#include "check/finding.hpp"
#include "check/history/history.hpp"

/// Judges of one promise each, all near linear in the history's size. None holds on too little evidence. Sets, counters
/// and queues are judged key by key, and told of together.
namespace withstand::check {

/// `add x`, `read -> the whole set`. Failed: an acknowledged add that the last reads lack (lost), a member nobody added
/// or whose add failed, a member twice in one read. How long adds stayed unseen (stale) is told and fails nothing.
Finding judge_set(const OperationHistory& history);

/// `add n`, `read -> total`: a read lies between what was surely added when it began and what may have been when it
/// ended.
Finding judge_counter(const OperationHistory& history);

/// `enqueue x`, `dequeue -> x`, `drain -> all that is left`. Failed: acknowledged and never dequeued (lost; asks for
/// dequeues until the queue was empty), dequeued and never enqueued, dequeued more often than enqueued.
Finding judge_total_queue(const OperationHistory& history);

/// Whatever succeeded returned something different each time.
Finding judge_unique_ids(const OperationHistory& history);

struct BankOptions {
  std::optional<std::int64_t> total;  ///< of all accounts; none: that of the first read
  bool negative_allowed = false;
};
/// `read -> {account balance}`: every read sums to the same total and, unless allowed, no balance is negative.
Finding judge_bank(const OperationHistory& history, const BankOptions& options);

/// `acquire -> token` or `acquire -> nothing`, `release`, `use token`. Failed: two hold it at once, a later acquire
/// gets no greater token, a use with a token succeeds after one with a greater token did.
Finding judge_lock(const OperationHistory& history);

/// `acquire -> nanoseconds`, `release`. A client holds its lease from the acquire's end until as long after its begin,
/// or its release. Failed: two clients hold it at once. Needs a history with times.
Finding judge_leases(const OperationHistory& history);

/// `read -> version`, `write -> version` (or `write version`), versions being numbers that grow. Per client and key:
/// reads do not go back, read its own writes, its writes grow and are later than what it read.
Finding judge_sessions(const OperationHistory& history);

/// The same values, in real time over all clients: what began after another had ended sees no smaller one.
Finding judge_monotonic(const OperationHistory& history);

/// `read [[r x 1] [r y nothing]]` of keys written once each: two reads of the same keys may not see two writes in
/// different orders.
Finding judge_long_fork(const OperationHistory& history);

}  // namespace withstand::check
