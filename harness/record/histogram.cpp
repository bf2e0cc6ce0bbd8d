#include "record/histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace withstand::record {
namespace {

// 512 buckets within each power of two: a bucket is at most 1/512 of its lower bound wide, so its middle is within
// 1/1024 = 0.098 % of every value in it. Values below 1024 ns have a bucket each.
constexpr int precision_bits = 9;
constexpr std::uint64_t half = 1ULL << precision_bits;
constexpr std::int64_t least = 1'000;                       // 1 µs
constexpr std::int64_t greatest = 3'600LL * 1'000'000'000;  // 1 h

std::size_t bucket_of(std::int64_t nanoseconds) {
  const auto value = static_cast<std::uint64_t>(std::clamp(nanoseconds, least, greatest));
  const int shift = std::max(0, static_cast<int>(std::bit_width(value)) - 1 - precision_bits);
  return static_cast<std::size_t>(half * static_cast<std::uint64_t>(shift) + (value >> shift));
}

std::int64_t middle_of(std::size_t bucket) {
  if (bucket < 2 * half) return static_cast<std::int64_t>(bucket);
  const auto shift = bucket / half - 1;
  const std::uint64_t low = (bucket - half * shift) << shift;
  return static_cast<std::int64_t>(low + ((1ULL << shift) >> 1));
}

}  // namespace

Histogram::Histogram() = default;

void Histogram::record(std::int64_t nanoseconds, std::uint64_t count) {
  if (count == 0) return;
  const std::size_t bucket = bucket_of(nanoseconds);
  if (bucket >= buckets_.size()) buckets_.resize(bucket + 1);
  buckets_[bucket] += count;
  min_ = count_ == 0 ? nanoseconds : std::min(min_, nanoseconds);
  max_ = count_ == 0 ? nanoseconds : std::max(max_, nanoseconds);
  count_ += count;
  sum_ += static_cast<long double>(nanoseconds) * static_cast<long double>(count);
}

void Histogram::merge(const Histogram& other) {
  if (other.count_ == 0) return;
  if (other.buckets_.size() > buckets_.size()) buckets_.resize(other.buckets_.size());
  for (std::size_t i = 0; i < other.buckets_.size(); ++i) buckets_[i] += other.buckets_[i];
  min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
  max_ = count_ == 0 ? other.max_ : std::max(max_, other.max_);
  count_ += other.count_;
  sum_ += other.sum_;
}

double Histogram::mean() const {
  return count_ == 0 ? 0.0 : static_cast<double>(sum_ / static_cast<long double>(count_));
}

std::int64_t Histogram::min() const { return min_; }
std::int64_t Histogram::max() const { return max_; }

std::int64_t Histogram::percentile(double percent) const {
  if (count_ == 0) return 0;
  // Nearest rank. The tiny step down keeps 99.9 % of 1000 at rank 999, where the product lies a rounding above it.
  const long double exact = static_cast<long double>(count_) * std::clamp(percent, 0.0, 100.0) / 100;
  const auto rank = std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(exact * (1 - 1e-14L))));
  if (rank >= count_) return max_;
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen >= rank) return std::clamp(middle_of(i), min_, max_);
  }
  return max_;
}

}  // namespace withstand::record
