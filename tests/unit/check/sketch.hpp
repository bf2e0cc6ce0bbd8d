#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "check/history/history.hpp"
#include "check/history/read.hpp"
#include "check/history/scanner.hpp"

/// Histories of any model, written down shortly.
namespace withstand::check::testing {

/// Operations one by one; values as EDN.
class Sketch {
 public:
  Sketch() {
    for (int i = 0; i < 16; ++i) history.processes.push_back(std::to_string(i));
  }
  Value value(std::string_view edn) {
    Scanner scan(edn, false);
    return scan.form(history.values);
  }
  HistoryOperation& add(int process, std::string_view f, std::string_view input, std::string_view output,
                        std::int64_t begin, std::int64_t end, record::Outcome outcome = record::Outcome::ok) {
    HistoryOperation made;
    made.process = static_cast<std::uint32_t>(process);
    made.f = history.values.text(f);
    made.input = value(input);
    made.output = value(output);
    made.begin = made.begin_time = begin;
    made.end = outcome == record::Outcome::info ? never : end;
    made.end_time = end;
    made.outcome = outcome;
    made.line = static_cast<std::uint32_t>(history.operations.size() + 1);
    history.operations.push_back(made);
    return history.operations.back();
  }
  OperationHistory history;
};

inline OperationHistory edn(std::string_view text) { return read_operations(text, HistoryFormat::edn); }

/// Transactions one after another, all concurrent where `apart` is false: "ax1 ry12" appends 1 to x and reads [1 2] of
/// y; "wx1 rx_" writes 1 to x and reads nothing. A '!' before one says that it failed, a '?' that nobody knows.
inline OperationHistory transactions(std::initializer_list<std::string_view> all, bool lists, bool apart = false) {
  Sketch sketch;
  int number = 0;
  for (std::string_view text : all) {
    auto outcome = record::Outcome::ok;
    if (text[0] == '!' || text[0] == '?') {
      outcome = text[0] == '!' ? record::Outcome::fail : record::Outcome::info;
      text.remove_prefix(1);
    }
    std::string edn = "[";
    while (!text.empty()) {
      const auto end = std::min(text.find(' '), text.size());
      const auto part = text.substr(0, end);
      text.remove_prefix(std::min(end + 1, text.size()));
      const std::string kind = part[0] == 'a' ? "append" : std::string(1, part[0]);
      std::string value;
      for (const char c : part.substr(2))
        value += std::string(value.empty() ? "" : " ") + (c == '_' ? "nil" : std::string(1, c));
      if (part[0] == 'r' && lists) value = "[" + value + "]";
      edn += "[:" + kind + " :" + part[1] + " " + value + "]";
    }
    edn += "]";
    ++number;
    sketch.add(number, "txn", edn, edn, apart ? 10 * number : 0, apart ? 10 * number + 5 : 100, outcome);
  }
  return sketch.history;
}

}  // namespace withstand::check::testing
