#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "load/ledger.hpp"
#include "load/plan.hpp"
#include "load/seconds.hpp"
#include "load/summary.hpp"
#include "record/histogram.hpp"

namespace withstand::load {

/// The open-loop generator: an operation is begun when it is due, whatever became of those before it. It owns no clock
/// and waits for nothing: its caller calls advance() when next_wake() has come, or whenever something happened, so a
/// test can run it in virtual time. A generator that comes late itself begins everything that was due meanwhile.
class Generator {
 public:
  Generator(const Config& config, Driver& driver, HistoryFile& history, Clock now);

  void start(core::Instant at);  ///< absolute; the plan's offset 0
  void stop();                   ///< what is due from now on is not begun; what was due before still is
  /// Begins what is due, and ends what has had its timeout. Returns true when more is due already: come again soon.
  bool advance();
  [[nodiscard]] std::optional<core::Instant> next_wake();
  /// Stopped, and nothing that was due before is still to begin or under way.
  [[nodiscard]] bool finished() const { return stopped_at_ && !next_due() && ledger_.under_way() == 0; }

  std::vector<record::LoadSecond> take_seconds();
  [[nodiscard]] Summary summary() const;

  /// For reading back: the ledger, the first id nobody has used, and (write-once) the keys whose write was acknowledged
  /// or is unknown.
  Ledger& ledger() { return ledger_; }
  [[nodiscard]] std::uint64_t next_id() const { return plan_.next().id; }
  [[nodiscard]] std::vector<std::string> keys_to_read_back() const;

 private:
  /// None: the load has not started, or is stopped before it.
  [[nodiscard]] std::optional<core::Instant> next_due() const;
  void begin(const Planned& planned, core::Instant due);
  void count(const record::Operation& operation);

  Config config_;
  Clock now_;
  Plan plan_;
  Ledger ledger_;
  Seconds seconds_;
  std::optional<core::Instant> start_, stopped_at_;

  std::vector<std::uint64_t> acknowledged_, unknown_;  // write-once: ids of writes
  Summary totals_;
  record::Histogram lag_;
};

}  // namespace withstand::load
