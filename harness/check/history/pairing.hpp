#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "check/history/history.hpp"

namespace withstand::check {

/// One line of a history of any format, taken apart.
struct HistoryEvent {
  std::uint32_t line = 0;
  std::string type;                 ///< "invoke", "ok", "fail", "info", "dropped"
  std::optional<std::uint64_t> id;  ///< operations are paired by it where it is there, else by process
  Value process, f, key, value, node, error;
  bool has_value = false;
  std::optional<std::int64_t> time;  ///< nanoseconds
  bool final_read = false;
};

/// Puts events together to operations.
class Pairing {
 public:
  /// `by_time`: the events' times decides the order; else their place does.
  explicit Pairing(bool by_time) : by_time_(by_time) {}
  [[nodiscard]] Values& values() { return history_.values; }
  void take(HistoryEvent event);
  /// What follows is of another file, told by this name where lines are; its clients and operations are others.
  void next_text(std::string name);
  void complain(std::uint32_t line, const std::string& what);
  OperationHistory finish() &&;

 private:
  void invoke(const HistoryEvent& event, std::uint32_t process);
  void complete(const HistoryEvent& event, std::uint32_t process);
  void end(HistoryOperation& operation, const HistoryEvent& event);
  void contradict(const std::string& what);
  std::uint32_t process_of(const HistoryEvent& event);
  std::optional<std::size_t> take_open(const HistoryEvent& event, std::uint32_t process);

  bool by_time_;
  OperationHistory history_;
  std::int64_t place_ = 0;
  std::int64_t origin_ = never;  ///< earliest time seen
  std::unordered_map<Value, std::uint32_t, ValueHash> processes_;
  std::unordered_map<std::uint64_t, std::size_t> open_by_id_;
  std::unordered_map<std::uint32_t, std::size_t> open_by_process_;
  std::size_t invokes_ = 0, orphans_ = 0, timed_ = 0, events_ = 0;
  std::vector<std::pair<std::uint32_t, std::string>> late_complaints_;
  std::string overlap_, name_;
};

}  // namespace withstand::check
