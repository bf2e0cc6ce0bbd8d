#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "check/windows.hpp"
#include "record/journal.hpp"
#include "spec/threshold.hpp"

namespace withstand::check {

/// Watches `[stop]` conditions while a run goes on. Each whole second since the epoch is judged by itself, once its
/// samples must all be in: one second and `patience` after it ended. A condition is met when every second that had a
/// sample satisfied it over a stretch at least as long as its `for`. A second without a sample neither breaks a stretch
/// nor lengthens it. Metrics that are not live (spec/metrics.hpp) never meet a condition. Not thread-safe.
class StopWatcher {
 public:
  /// `patience`: how late a sample may come, the largest timeout of load and probes.
  StopWatcher(std::vector<spec::StopCondition> conditions, spec::Duration patience);
  ~StopWatcher();
  StopWatcher(StopWatcher&&) noexcept;
  StopWatcher& operator=(StopWatcher&&) noexcept;

  void add(const record::LoadSecond& second);
  void add(const ProbeObservation& observation);
  /// To be called about once a second. Returns the first condition that is met, in words: "probe.ping < 10% for 30s:
  /// it held from 12s to 42s, last 0% (0 of 6)".
  [[nodiscard]] std::optional<std::string> met(std::int64_t now);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace withstand::check
