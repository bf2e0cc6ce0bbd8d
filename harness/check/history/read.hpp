#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "check/history/history.hpp"

namespace withstand::check {

enum class HistoryFormat {
  lines,  ///< JSON lines as runs write them: "t" in nanoseconds, "i" numbers operations (record/history.hpp); values
          ///< may be any JSON
  json,   ///< JSON objects as Jepsen's histories have them ("process", "type", "f", "value"), one a line or in an array
  edn,    ///< EDN maps, as Jepsen, Knossos, Elle and Porcupine's key-value data have them, alone or in a vector or list
  log,    ///< Jepsen's log: "... jepsen.util - PROCESS :TYPE :F VALUE"; other lines are passed over
};

struct FormatInfo {
  HistoryFormat format;
  std::string_view name, summary;
};
std::span<const FormatInfo> history_formats();
std::optional<HistoryFormat> find_format(std::string_view name);

/// What the text looks like by its beginning.
HistoryFormat detect_format(std::string_view text);

/// Never throws on what a text holds: what cannot be read is counted and named, with its line.
///
/// Where there are no times that decide, the order of the events does; an operation that ends as `info` may take
/// effect at any later time or never.
OperationHistory read_operations(std::string_view text, HistoryFormat format);

/// Several files of one history, each with the name that its problems are told by. Their times are of one clock.
struct NamedText {
  std::string name, text;
};
OperationHistory read_operations(std::span<const NamedText> texts, HistoryFormat format);

}  // namespace withstand::check
