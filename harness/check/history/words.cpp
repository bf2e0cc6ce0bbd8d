#include "check/history/words.hpp"

#include <fmt/format.h>

namespace withstand::check {

namespace {

std::string what_text(const OperationHistory& history, const HistoryOperation& operation) {
  const Values& values = history.values;
  std::string text(history.f_of(operation));
  if (!operation.input.is_nil()) text += " " + values.show(operation.input);
  const bool told = operation.outcome == record::Outcome::ok && operation.output != operation.input;
  if (told) text += fmt::format("{} {}", operation.input.is_nil() ? "" : " ->", values.show(operation.output));
  if (operation.outcome == record::Outcome::ok && operation.input.is_nil() && operation.output.is_nil() &&
      text == "read")
    text += " nothing";
  return text;
}

std::string outcome_text(const OperationHistory& history, const HistoryOperation& operation) {
  const std::string why = operation.error.is_text()  ? std::string(history.values.text_of(operation.error))
                          : operation.error.is_nil() ? ""
                                                     : history.values.show(operation.error);
  constexpr std::size_t longest = 80;
  const std::string because =
      why.empty() ? "" : ": " + (why.size() > longest ? why.substr(0, why.find_last_of(' ', longest)) + " …" : why);
  switch (operation.outcome) {
    case record::Outcome::ok:
      return "";
    case record::Outcome::fail:
      return " (failed" + because + ")";
    case record::Outcome::info:
      return " (outcome unknown" + because + ")";
    case record::Outcome::dropped:
      break;
  }
  return " (never sent)";
}

}  // namespace

std::string when_text(const OperationHistory& history, std::int64_t time) {
  if (time == never) return "the end";
  if (time == std::numeric_limits<std::int64_t>::min()) return "the beginning";
  if (history.timed) return fmt::format("{:.6f}s", static_cast<double>(time) / 1e9);
  return fmt::format("event {}", time);
}

std::string operation_text(const OperationHistory& history, std::uint32_t index) {
  const HistoryOperation& operation = history.operations[index];
  const std::string key = operation.key.is_nil()    ? ""
                          : operation.key.is_text() ? fmt::format(" on {}", history.values.text_of(operation.key))
                                                    : " on " + history.values.show(operation.key);
  const std::string node =
      operation.node.is_text() ? fmt::format(" through {}", history.values.text_of(operation.node)) : "";
  return fmt::format("line {}: process {}: {}{}{} from {} to {}{}", operation.line,
                     history.processes[operation.process], what_text(history, operation), key, node,
                     when_text(history, operation.begin_time), when_text(history, operation.end_time),
                     outcome_text(history, operation));
}

std::vector<std::string> numbered(const OperationHistory& history, std::span<const std::uint32_t> operations,
                                  std::size_t first) {
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < operations.size(); ++i)
    lines.push_back(fmt::format("  {}. {}", i + first, operation_text(history, operations[i])));
  return lines;
}

}  // namespace withstand::check
