#pragma once

#include <cstdint>
#include <functional>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The recorded sequence of operations: one JSON line per operation when it ends, plus one when it is invoked, so that
/// a killed run keeps all that happened. Pure readers and writers.
///
/// Line:
/// {"t":ns,"type":"invoke|ok|fail|info|dropped","i":id,"process":p,"op":"read|write","key":"k7","value":"v81","node":"n1"}
/// and, where they say something, "due":ns (when the plan wanted it; on invoke and dropped lines), "error":"timeout",
/// "declined":true, "final":true. "value" is what is written, or on a read's completion what was read; a read of a key
/// that was never written has none. It is a text, or any other JSON value: numbers, lists of steps. An operation that
/// was dropped has one line only. README.md of this folder says what each workload's operations hold.
/// `fail` means it certainly did not happen; `info` that nobody knows (a timeout, a lost connection after the request
/// left). A `fail` that is also `declined` is an answer as the target owes it: the comparison did not match, the queue
/// was empty.
namespace withstand::record {

enum class Outcome {
  ok,
  fail,     ///< certainly not applied
  info,     ///< unknown
  dropped,  ///< never sent: the in-flight bound was reached
};

/// One operation, complete. Times are nanoseconds since the run's epoch (CLOCK_MONOTONIC, outside any false clock).
struct Operation {
  std::uint64_t id = 0;       ///< unique in the run
  std::uint32_t process = 0;  ///< logical client; it has at most one operation under way
  std::string op;             ///< "read", "write", "txn"
  std::string key;
  std::optional<std::string> value;  ///< written, or read; absent: a read of a key never written (or unknown)
  std::string node;                  ///< who answered or was asked; may be empty
  std::int64_t intended = 0;         ///< when it was due by the plan; response time counts from here
  std::int64_t sent = 0;             ///< when it was handed to the driver
  std::int64_t done = 0;             ///< when its outcome was known
  Outcome outcome = Outcome::info;
  std::string error;        ///< "timeout", "connection refused", "HTTP 503"; empty when ok
  bool final_read = false;  ///< of the read-back after recovery, not of the load
  bool json = false;        ///< `value` is the text of a JSON value: a number, a list
  bool declined = false;    ///< with `fail`: the target did nothing, as it should; the service was there
};

/// Lines without their newline; valid JSON in ASCII whatever bytes a target answered.
std::string invoke_line(const Operation& operation);
std::string completion_line(const Operation& operation);

/// Reads a history as written by a run. Operations that were invoked and never completed (the run was killed) come last
/// with Outcome::info and done = INT64_MAX. Lines that do not parse are reported, with their number, and skipped. An
/// operation that ends without its invoke line counts as begun at 0, and is reported: no order is made up from it.
struct HistoryReading {
  std::vector<Operation> operations;  ///< by id
  std::vector<std::string> problems;  ///< the first few, then "and N more lines with problems"
  std::uint64_t bad_lines = 0;        ///< how many lines had one
  /// What no history can hold, with its lines: a write without a value, an end that changes what was written, a process
  /// with two operations under way (while every line could be read: a lost end looks the same). Empty: none of these.
  std::string contradiction;
};
HistoryReading read_history(std::istream& in);

/// What an operation adds to the latency distribution: from when it was due to when its outcome was known. One that
/// neither succeeded nor was declined, was dropped or never ended counts with the timeout at least (a censored value),
/// so that failing fast never looks like being fast.
std::int64_t response_time(const Operation& operation, std::int64_t timeout);

}  // namespace withstand::record
