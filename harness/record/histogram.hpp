#pragma once

#include <cstdint>
#include <vector>

namespace withstand::record {

/// Log-linear histogram of nanosecond values from 1 µs to 1 h with a relative error of at most 0.1 % (values below 1 µs
/// count as 1 µs, above 1 h as 1 h; the exact minimum, maximum and sum are kept beside). After Gil Tene's HdrHistogram:
/// buckets of equal width within each power of two. Not thread-safe.
class Histogram {
 public:
  Histogram();
  void record(std::int64_t nanoseconds, std::uint64_t count = 1);
  void merge(const Histogram& other);
  [[nodiscard]] std::uint64_t count() const { return count_; }
  [[nodiscard]] double mean() const;  ///< 0 when empty
  [[nodiscard]] std::int64_t min() const;
  [[nodiscard]] std::int64_t max() const;
  /// The value at or below which `percent` (0..100) of the values lie: the bucket's middle, never above max(). 0 when
  /// empty.
  [[nodiscard]] std::int64_t percentile(double percent) const;

 private:
  std::vector<std::uint64_t> buckets_;  ///< grown on demand, so an idle histogram costs little
  std::uint64_t count_ = 0;
  std::int64_t min_ = 0, max_ = 0;
  long double sum_ = 0;
};

}  // namespace withstand::record
