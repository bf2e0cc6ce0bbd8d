#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "load/ledger.hpp"
#include "load/plan.hpp"
#include "load/seconds.hpp"
#include "load/summary.hpp"
#include "load/users.hpp"
#include "record/histogram.hpp"

namespace withstand::load {

/// The generator. Open loop: an operation is begun when it is due, whatever became of those before it. Closed loop,
/// where the configuration has users: when a user has its answer and has thought for a while. It owns no clock and
/// waits for nothing: its caller calls advance() when next_wake() has come, or whenever something happened, so a test
/// can run it in virtual time. A generator that comes late itself begins everything that was due meanwhile.
class Generator {
 public:
  Generator(const Config& config, Driver& driver, HistoryFile& history, Clock now);

  void start(core::Instant at);  ///< absolute; the plan's offset 0
  void stop();                   ///< what is due from now on is not begun; what was due before still is
  /// Begins what is due, and ends what has had its timeout. Returns true when more is due already: come again soon.
  bool advance();
  [[nodiscard]] std::optional<core::Instant> next_wake();
  /// Stopped, and nothing that was due before is still to begin or under way.
  [[nodiscard]] bool finished() const {
    return stopped_at_ && !next_due() && follow_ups_.empty() && ledger_.under_way() == 0;
  }

  std::vector<record::LoadSecond> take_seconds();
  [[nodiscard]] Summary summary() const;

  /// For reading back: the ledger, the first id nobody has used, and (write-once) the keys whose write was acknowledged
  /// or is unknown.
  Ledger& ledger() { return ledger_; }
  [[nodiscard]] std::uint64_t next_id() const { return plan_.next().id; }
  [[nodiscard]] std::vector<std::string> keys_to_read_back() const;

 private:
  /// What comes of an operation that succeeded: a lock that is held is given back after a while.
  struct FollowUp {
    Request request;
    std::uint32_t process = 0;
  };

  /// None: the load has not started, or is stopped before it, or every user waits.
  [[nodiscard]] std::optional<core::Instant> next_due() const;
  void begin(const Planned& planned, core::Instant due);
  void begin_follow_up();
  /// What depends on the target's answers so far.
  void complete(Request& request, std::uint64_t pick, std::optional<std::size_t> user) const;
  void ended(const Request& request, std::optional<std::size_t> user, const record::Operation& operation);
  void learn(const Request& request, const record::Operation& operation);
  void follow_up(const Request& request, const record::Operation& operation);
  void count(const record::Operation& operation);

  Config config_;
  Clock now_;
  Plan plan_;
  Ledger ledger_;
  Seconds seconds_;
  std::optional<core::Instant> start_, stopped_at_;
  std::optional<Users> users_;  // closed loop, once it has started
  std::multimap<core::Instant, FollowUp> follow_ups_;
  std::uint64_t next_follow_up_ = 0;  // id

  std::vector<std::uint64_t> acknowledged_, unknown_;  // write-once: ids of writes
  std::map<std::string, std::string> seen_;            // cas-register: the value last known of each key
  Summary totals_;
  record::Histogram lag_;
};

}  // namespace withstand::load
