#include "record/history.hpp"

#include <algorithm>
#include <istream>
#include <iterator>
#include <limits>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "record/history_line.hpp"

namespace withstand::record {
namespace {

constexpr std::size_t most_problems = 5;  // told one by one; a file of another kind has one on every line

/// Folds lines into operations. An operation is complete with its completion line alone, but for its start: with the
/// invoke line lost it counts as begun at the epoch, so that no real-time order is made up.
class Folder {
 public:
  void take(const std::string& text, std::size_t number) {
    HistoryLine line;
    if (!parse_history_line(text, line)) {
      complain(number, "is not a line of a history");
    } else if (line.invoke) {
      invoke(line, number);
    } else {
      complete(line.operation, number);
    }
  }

  HistoryReading finish() && {
    // Without any key it is one register; with some, those that lack it could be of any.
    if (keyed_ && unkeyed_ > 0) {
      complain(first_unkeyed_, "has no key, and others have");
      reading_.bad_lines += unkeyed_ - 1;
    }
    auto& operations = reading_.operations;
    const auto by_end_then_id = [](const Operation& a, const Operation& b) {
      const bool open_a = a.done == never, open_b = b.done == never;
      return open_a != open_b ? open_b : a.id < b.id;
    };
    if (!std::is_sorted(operations.begin(), operations.end(), by_end_then_id)) {
      std::stable_sort(operations.begin(), operations.end(), by_end_then_id);
    }
    // Where lines could not be read, the end of the process's operation before may have been one of them.
    if (reading_.contradiction.empty() && reading_.bad_lines == 0) reading_.contradiction = std::move(overlap_);
    if (const auto untold = reading_.bad_lines - reading_.problems.size(); untold > 0)
      reading_.problems.push_back(fmt::format("and {} more lines with problems", untold));
    return std::move(reading_);
  }

 private:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  struct Open {
    std::size_t index = 0;  ///< into the reading's operations
    std::size_t line = 0;
  };

  void invoke(HistoryLine& line, std::size_t number) {
    Operation& operation = line.operation;
    if (operation.op.empty()) return complain(number, fmt::format("does not say what operation {} does", operation.id));
    const auto [place, fresh] = open_.try_emplace(operation.id, Open{reading_.operations.size(), number});
    if (!fresh) return complain(number, fmt::format("invokes operation {} again", operation.id));
    if (operation.op == "write" && !operation.value)
      contradict(fmt::format("line {} writes nothing: operation {} has no value", number, operation.id));
    if (operation.key.empty() && unkeyed_++ == 0) first_unkeyed_ = number;
    keyed_ = keyed_ || !operation.key.empty();
    if (line.has_process) occupy(operation, number);
    operation.done = never;
    operation.outcome = Outcome::info;
    reading_.operations.push_back(std::move(operation));
  }

  void occupy(const Operation& operation, std::size_t number) {
    const auto [busy, idle] = busy_.try_emplace(operation.process, operation.id);
    if (idle) return;
    const auto before = open_.find(busy->second);
    if (before != open_.end() && overlap_.empty())
      overlap_ = fmt::format("line {} begins operation {} of process {}, whose operation {} (line {}) is under way",
                             number, operation.id, operation.process, busy->second, before->second.line);
    busy->second = operation.id;
  }

  void contradict(std::string what) {
    if (reading_.contradiction.empty()) reading_.contradiction = std::move(what);
  }

  void complete(Operation& end, std::size_t number) {
    const auto found = open_.find(end.id);
    if (found == open_.end()) {
      if (end.outcome != Outcome::dropped) {
        complain(number, fmt::format("ends operation {}, which was not under way", end.id));
        end.intended = end.sent = 0;
      }
      reading_.operations.push_back(std::move(end));
      return;
    }
    Operation& begun = reading_.operations[found->second.index];
    if (begun.op == "write" && begun.value && end.value && *end.value != *begun.value)
      contradict(fmt::format("line {} ends operation {} as a write of \"{}\", which line {} began as one of \"{}\"",
                             number, end.id, *end.value, found->second.line, *begun.value));
    open_.erase(found);
    if (const auto busy = busy_.find(begun.process); busy != busy_.end() && busy->second == begun.id) busy_.erase(busy);
    begun.done = end.done;
    begun.outcome = end.outcome;
    begun.error = std::move(end.error);
    begun.declined = end.declined;
    if (!end.node.empty()) begun.node = std::move(end.node);
    if (!end.value) return;
    begun.value = std::move(end.value);
    begun.json = end.json;
  }

  void complain(std::size_t number, const std::string& what) {
    ++reading_.bad_lines;
    if (reading_.problems.size() < most_problems) reading_.problems.push_back(fmt::format("line {} {}", number, what));
  }

  HistoryReading reading_;
  std::unordered_map<std::uint64_t, Open> open_;           // by id: operations invoked and not ended
  std::unordered_map<std::uint32_t, std::uint64_t> busy_;  // by process: its operation under way
  bool keyed_ = false;
  std::size_t unkeyed_ = 0, first_unkeyed_ = 0;  // operations without a key; the first one's line
  std::string overlap_;                          // the first process with two of them
};

}  // namespace

HistoryReading read_history(std::istream& in) {
  Folder folder;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (!line.empty()) folder.take(line, number);
  }
  return std::move(folder).finish();
}

std::int64_t response_time(const Operation& operation, std::int64_t timeout) {
  if (operation.outcome == Outcome::dropped || operation.done == std::numeric_limits<std::int64_t>::max()) {
    return timeout;
  }
  const std::int64_t elapsed = operation.done - operation.intended;
  return operation.outcome == Outcome::ok || operation.declined ? elapsed : std::max(elapsed, timeout);
}

}  // namespace withstand::record
