#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "check/samples.hpp"

namespace withstand::check {

/// Times of operations, those without success censored: they took longer than anyone waited, so they rank above every
/// success, and their figure is max(elapsed, timeout). Failing fast therefore never improves a percentile.
class Latencies {
 public:
  enum class From { due, sent };  ///< response time, service time

  /// From::sent leaves out what was never sent.
  Latencies(std::span<const Sample> samples, From from, std::int64_t timeout);

  struct Value {
    std::int64_t nanoseconds = 0;
    bool censored = false;  ///< it was longer than that
  };

  [[nodiscard]] std::uint64_t count() const { return successes_.size() + censored_.size(); }
  [[nodiscard]] std::uint64_t censored() const { return censored_.size(); }
  /// Nearest rank: the smallest value that at least `percent` of all values do not exceed. 0 < percent <= 100; count()
  /// must not be 0.
  [[nodiscard]] Value percentile(double percent) const;
  /// The nth smallest, from 1; clamped to what there is.
  [[nodiscard]] Value rank(std::uint64_t nth) const;
  [[nodiscard]] Value min() const { return rank(1); }
  [[nodiscard]] Value max() const { return rank(count()); }
  /// A lower bound as soon as anything is censored.
  [[nodiscard]] Value mean() const;

 private:
  std::vector<std::int64_t> successes_, censored_;  ///< sorted
};

}  // namespace withstand::check
