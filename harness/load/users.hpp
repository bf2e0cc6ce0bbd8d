#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/draw.hpp"
#include "core/event_loop.hpp"
#include "load/ledger.hpp"

namespace withstand::load {

/// The users of a closed loop: each waits for its answer, thinks for a while (exponentially distributed, by the seed)
/// and asks again. A user is one logical process until an operation of its ends unknown; then it goes on as a new one.
class Users {
 public:
  /// `start`: when the first of them asks; the others follow within the mean time to think.
  Users(const Config& config, Processes& processes, core::Instant start);
  /// The next one to ask, and when; none while all wait for answers.
  [[nodiscard]] std::optional<core::Instant> next() const;
  /// Takes the next one, which is busy until answered().
  std::size_t take();
  [[nodiscard]] std::uint32_t process(std::size_t user) const { return processes_[user]; }
  /// `id`: of the operation, which draws the time to think. `unknown`: its outcome.
  void answered(std::size_t user, std::uint64_t id, core::Instant now, bool unknown);
  [[nodiscard]] std::size_t count() const { return processes_.size(); }

 private:
  Processes& source_;
  double think_;
  core::DrawStream draws_;
  std::vector<std::uint32_t> processes_;
  std::set<std::pair<core::Instant, std::size_t>> ready_;
};

}  // namespace withstand::load
