#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "load/ledger.hpp"
#include "load/summary.hpp"

namespace withstand::load {

/// Reads every key (or set, or counter; a queue is emptied) back through every node it was given, after the load has
/// stopped: as fast as the nodes answer, each node on its own, so that one that does not answer holds up no other. What
/// fails is tried again until the deadline; a read harms nothing, so trying again is honest, and every try stands in
/// the history.
class FinalReader {
 public:
  /// A node "" leaves the choice to the driver. `first_id` and then every `id_step`-th are used for the reads.
  FinalReader(Ledger& ledger, Clock now, std::string workload, const std::vector<std::string>& keys,
              const std::vector<std::string>& nodes, core::Instant deadline, std::uint64_t first_id,
              std::uint64_t id_step);
  void advance();
  [[nodiscard]] std::optional<core::Instant> next_wake() const;
  [[nodiscard]] bool finished() const;
  [[nodiscard]] const FinalReads& result() const { return result_; }
  /// The first id that was not used.
  [[nodiscard]] std::uint64_t next_id() const { return next_id_; }

 private:
  struct Lane {
    std::string node;
    std::deque<std::string> keys;
    std::size_t under_way = 0;
    core::Instant not_before{};
  };
  void begin(Lane& lane);
  void ended(Lane& lane, const std::string& key, const record::Operation& operation);

  Ledger& ledger_;
  Clock now_;
  std::string workload_;
  core::Instant deadline_;
  std::uint64_t next_id_, id_step_;
  std::vector<Lane> lanes_;
  FinalReads result_;
};

}  // namespace withstand::load
