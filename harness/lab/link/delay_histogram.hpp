#pragma once

#include <array>
#include <cstdint>
#include <memory>

namespace withstand::lab::link {

/// Mean and standard deviation of numbers as they come. Sums are kept of what they differ from the first, so that
/// delays that are much alike lose no digits.
class Moments {
 public:
  void add(std::int64_t value, std::uint64_t times = 1);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] std::int64_t mean() const;
  [[nodiscard]] std::int64_t deviation() const;

 private:
  std::uint64_t count_ = 0;
  std::int64_t first_ = 0;
  double sum_ = 0, squares_ = 0;
};

/// Times in nanoseconds, counted in buckets of 1/512 of their power of two (relative error ≤ 0.1 % at a bucket's
/// middle). Powers that never occur take no memory: there is one of these per impairment and link. Values below 0 count
/// as 0.
class DelayHistogram {
 public:
  void add(std::int64_t value, std::uint64_t times = 1);
  [[nodiscard]] std::uint64_t count() const { return moments_.count(); }
  [[nodiscard]] std::int64_t mean() const { return moments_.mean(); }
  [[nodiscard]] std::int64_t deviation() const { return moments_.deviation(); }
  [[nodiscard]] std::int64_t min() const { return count() == 0 ? 0 : min_; }
  [[nodiscard]] std::int64_t max() const { return max_; }
  /// The smallest value that at least `share` (0 to 1) of all are not above, as its bucket's middle; 0 when empty.
  [[nodiscard]] std::int64_t quantile(double share) const;

 private:
  static constexpr unsigned bits = 9;
  static constexpr std::size_t buckets = std::size_t{1} << bits;
  using Octave = std::array<std::uint64_t, buckets>;

  std::array<std::unique_ptr<Octave>, 64 - bits> octaves_;
  Moments moments_;
  std::int64_t min_ = INT64_MAX, max_ = 0;
};

}  // namespace withstand::lab::link
