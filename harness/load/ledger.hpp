#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <unordered_map>
#include <vector>

#include "core/event_loop.hpp"
#include "load/config.hpp"
#include "load/driver.hpp"
#include "load/history_file.hpp"
#include "load/values.hpp"
#include "record/history.hpp"

namespace withstand::load {

using Clock = std::function<core::Instant()>;

/// Logical clients in Jepsen's sense: each has at most one operation under way, and one whose operation ended unknown
/// is never used again, for that operation may still take effect. Numbers are this client's share of the run's.
class Processes {
 public:
  Processes(std::int64_t client_index, std::int64_t clients);
  std::uint32_t take();
  void give_back(std::uint32_t process) { free_.push_back(process); }

 private:
  std::uint32_t next_, step_;
  std::vector<std::uint32_t> free_;
};

/// The operations under way: writes them into the history before they are sent, hands them to the driver, ends them
/// when the driver answers or their timeout passes, whichever is first. What comes later is ignored.
class Ledger {
 public:
  /// Called when the operation has ended and stands in the history.
  using Ended = std::function<void(const record::Operation&)>;

  Ledger(const Config& config, Driver& driver, HistoryFile& history, Clock now);

  /// Begins an operation that was due at `intended` (absolute). It leaves with the next send(). It belongs to
  /// `process`, which its caller owns, or to one that is free.
  void begin(Request request, core::Instant intended, bool final_read, Ended ended,
             std::optional<std::uint32_t> process = std::nullopt);
  /// Records an operation that was due and is not sent, for `why`.
  record::Operation drop(const Request& request, core::Instant intended, const std::string& why);
  /// Writes the history, then hands over what begin() collected. In this order: what was sent is always in the history.
  void send();
  /// Ends what has had its timeout.
  void expire();
  [[nodiscard]] std::size_t under_way() const { return open_.size(); }
  [[nodiscard]] std::optional<core::Instant> next_deadline();
  Processes& processes() { return processes_; }

 private:
  struct Open {
    record::Operation operation;
    Request::Kind kind;
    bool harmless, owned;  ///< changes nothing; its process is somebody's
    Ended ended;
  };
  record::Operation entry(const Request& request, core::Instant intended) const;
  void take_value(Request::Kind kind, Response& response, record::Operation& operation) const;
  void end(std::uint64_t id, Response response);

  std::int64_t epoch_;
  ValueSizes sizes_;
  bool numbers_;
  core::Instant timeout_;
  Driver& driver_;
  HistoryFile& history_;
  Clock now_;
  Processes processes_;
  std::unordered_map<std::uint64_t, Open> open_;
  std::deque<std::pair<core::Instant, std::uint64_t>> deadlines_;  // in order, for all have the same timeout
  std::vector<Request> unsent_;
};

}  // namespace withstand::load
