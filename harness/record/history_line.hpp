#pragma once

#include <string>
#include <string_view>

#include "record/history.hpp"

/// One line of a history, taken apart. The format is in history.hpp.
namespace withstand::record {

struct HistoryLine {
  bool invoke = false;       ///< else it ends the operation
  bool has_process = false;  ///< it says which process
  Operation operation;       ///< what the line says; the rest is default
};

/// False when it is no line of ours: not a JSON object, a type that is unknown, no id, a number where a text belongs.
/// Keys may come in any order and unknown keys are ignored. A scanner of its own, since a run has millions of lines;
/// texts with escapes take the JSON library's slower way.
bool parse_history_line(std::string_view line, HistoryLine& out);

}  // namespace withstand::record
