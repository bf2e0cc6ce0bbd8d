#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include "check/history/value.hpp"
#include "record/history.hpp"

/// Histories of any model: what each client asked, when, and what it was told. Value types.
namespace withstand::check {

inline constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

/// One operation. Intervals are closed: one that ends at t and one that begins at t are concurrent.
struct HistoryOperation {
  std::int64_t begin = 0;       ///< decides real-time order: nanoseconds, or the event's place where a format has those
  std::int64_t end = never;     ///< `never` when it did not end, or nobody knows how it ended
  std::int64_t begin_time = 0;  ///< nanoseconds for people, where the format has times; else as `begin`
  std::int64_t end_time = never;
  std::uint32_t process = 0;   ///< into OperationHistory::processes
  std::uint32_t line = 0;      ///< of its first event, from 1
  std::uint32_t end_line = 0;  ///< of its last event; 0: none
  record::Outcome outcome = record::Outcome::info;
  bool final_read = false;
  Value f;            ///< a text: what it does
  Value key;          ///< nil: the model's only object
  Value input;        ///< what it was given
  Value output;       ///< what it was told; as `input` where it was told nothing
  Value node, error;  ///< texts or nil
};

/// Something that happened beside the operations (a fault began); for pictures.
struct HistoryMark {
  std::int64_t at = 0, until = 0;
  std::string text;
};

struct OperationHistory {
  Values values;
  std::vector<HistoryOperation> operations;  ///< in the order of their first events
  std::vector<std::string> processes;
  std::vector<HistoryMark> marks;
  bool timed = false;                 ///< times are nanoseconds, not places in the file
  bool completions_only = false;      ///< it holds ends without beginnings, so no real-time order
  std::vector<std::string> problems;  ///< the first few lines that are wrong, then how many more
  std::uint64_t bad_lines = 0;
  std::string contradiction;  ///< what no history can hold, with its lines; empty: nothing

  [[nodiscard]] std::string_view f_of(const HistoryOperation& operation) const { return values.text_of(operation.f); }
};

}  // namespace withstand::check
