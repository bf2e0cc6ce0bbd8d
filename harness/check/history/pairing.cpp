#include "check/history/pairing.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace withstand::check {

namespace {

constexpr std::size_t most_problems = 5;

std::optional<record::Outcome> outcome_of(std::string_view type) {
  if (type == "ok") return record::Outcome::ok;
  if (type == "fail") return record::Outcome::fail;
  if (type == "info") return record::Outcome::info;
  if (type == "dropped") return record::Outcome::dropped;
  return std::nullopt;
}

}  // namespace

void Pairing::next_text(std::string name) {
  name_ = std::move(name);
  if (!name_.empty()) name_ += ": ";
  open_by_id_.clear();
  open_by_process_.clear();
  processes_.clear();
}

void Pairing::complain(std::uint32_t line, const std::string& what) {
  ++history_.bad_lines;
  if (history_.problems.size() < most_problems)
    history_.problems.push_back(fmt::format("{}line {} {}", name_, line, what));
}

void Pairing::contradict(const std::string& what) {
  if (history_.contradiction.empty()) history_.contradiction = name_ + what;
}

std::uint32_t Pairing::process_of(const HistoryEvent& event) {
  const auto [place, fresh] =
      processes_.try_emplace(event.process, static_cast<std::uint32_t>(history_.processes.size()));
  if (fresh) {
    history_.processes.push_back(event.process.is_nil()    ? "?"
                                 : event.process.is_text() ? std::string(history_.values.text_of(event.process))
                                                           : history_.values.show(event.process));
  }
  return place->second;
}

void Pairing::take(HistoryEvent event) {
  ++place_;
  if (event.process.is_text()) {  // no client: the one who injects faults
    const std::int64_t at = by_time_ && event.time ? *event.time : place_;
    std::string text(history_.values.text_of(event.f));
    if (!event.value.is_nil()) text += " " + history_.values.show(event.value);
    history_.marks.push_back({at, at, std::move(text)});
    return;
  }
  ++events_;
  if (event.time) ++timed_;
  if (by_time_ && !event.time) return complain(event.line, "has no time");
  const std::uint32_t process = process_of(event);
  if (event.type == "invoke") return invoke(event, process);
  if (!outcome_of(event.type))
    return complain(event.line, fmt::format("has a type that is unknown, \"{}\"", event.type));
  complete(event, process);
}

void Pairing::invoke(const HistoryEvent& event, std::uint32_t process) {
  ++invokes_;
  const std::size_t index = history_.operations.size();
  const auto busy = open_by_process_.find(process);
  if (busy != open_by_process_.end() && overlap_.empty()) {
    overlap_ = fmt::format("line {} begins an operation of process {}, whose operation of line {} is under way",
                           event.line, history_.processes[process], history_.operations[busy->second].line);
  }
  if (event.id && !open_by_id_.try_emplace(*event.id, index).second)
    return complain(event.line, fmt::format("invokes operation {} again", *event.id));
  open_by_process_[process] = index;
  HistoryOperation operation;
  operation.begin = by_time_ ? *event.time : place_;
  operation.begin_time = event.time.value_or(place_);
  operation.process = process;
  operation.line = event.line;
  operation.f = event.f;
  operation.key = event.key;
  operation.input = operation.output = event.value;
  operation.node = event.node;
  operation.final_read = event.final_read;
  history_.operations.push_back(operation);
}

std::optional<std::size_t> Pairing::take_open(const HistoryEvent& event, std::uint32_t process) {
  std::size_t index = 0;
  if (event.id) {
    const auto found = open_by_id_.find(*event.id);
    if (found == open_by_id_.end()) return std::nullopt;
    index = found->second;
    open_by_id_.erase(found);
    process = history_.operations[index].process;
    if (const auto busy = open_by_process_.find(process); busy != open_by_process_.end() && busy->second == index)
      open_by_process_.erase(busy);
    return index;
  }
  const auto found = open_by_process_.find(process);
  if (found == open_by_process_.end()) return std::nullopt;
  index = found->second;
  open_by_process_.erase(found);
  return index;
}

void Pairing::complete(const HistoryEvent& event, std::uint32_t process) {
  if (const auto index = take_open(event, process)) {
    HistoryOperation& operation = history_.operations[*index];
    if (!event.f.is_nil() && !operation.f.is_nil() && event.f != operation.f)
      contradict(fmt::format("line {} ends as \"{}\" what line {} began as \"{}\"", event.line,
                             history_.values.text_of(event.f), operation.line, history_.values.text_of(operation.f)));
    return end(operation, event);
  }
  if (event.type == "dropped") return;
  // A beginning that was lost: begun before everything, so that no order is made up.
  ++orphans_;
  late_complaints_.emplace_back(event.line, "ends an operation that was not under way");
  HistoryOperation operation;
  operation.begin = operation.begin_time = std::numeric_limits<std::int64_t>::min();
  operation.process = process;
  operation.line = event.line;
  operation.f = event.f;
  operation.key = event.key;
  operation.input = event.value;
  history_.operations.push_back(operation);
  end(history_.operations.back(), event);
}

void Pairing::end(HistoryOperation& operation, const HistoryEvent& event) {
  operation.outcome = *outcome_of(event.type);
  operation.end_line = event.line;
  operation.end_time = event.time.value_or(place_);
  if (operation.outcome != record::Outcome::info) operation.end = by_time_ ? *event.time : place_;
  if (operation.end < operation.begin)
    contradict(fmt::format("line {} ends an operation before line {} began it", event.line, operation.line));
  if (operation.f.is_nil()) operation.f = event.f;
  if (operation.key.is_nil()) operation.key = event.key;
  if (event.has_value) operation.output = event.value;
  if (!event.node.is_nil()) operation.node = event.node;
  operation.error = event.error;
  operation.final_read = operation.final_read || event.final_read;
}

OperationHistory Pairing::finish() && {
  history_.timed = events_ > 0 && timed_ == events_;
  history_.completions_only = invokes_ == 0 && orphans_ > 0;
  if (!history_.completions_only)
    for (const auto& [line, what] : late_complaints_) complain(line, what);
  // Where lines could not be read, the end of the process's operation before may have been one of them.
  if (history_.contradiction.empty() && history_.bad_lines == 0) history_.contradiction = std::move(overlap_);
  if (const auto untold = history_.bad_lines - std::min<std::uint64_t>(history_.bad_lines, history_.problems.size());
      untold > 0)
    history_.problems.push_back(fmt::format("and {} more lines with problems", untold));
  return std::move(history_);
}

}  // namespace withstand::check
