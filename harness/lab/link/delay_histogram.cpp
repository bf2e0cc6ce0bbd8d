#include "lab/link/delay_histogram.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace withstand::lab::link {

void Moments::add(std::int64_t value, std::uint64_t times) {
  if (count_ == 0) first_ = value;
  const auto off = static_cast<double>(value - first_), weight = static_cast<double>(times);
  count_ += times;
  sum_ += off * weight;
  squares_ += off * off * weight;
}

std::int64_t Moments::mean() const {
  return count_ == 0 ? 0 : first_ + std::llround(sum_ / static_cast<double>(count_));
}

std::int64_t Moments::deviation() const {
  if (count_ == 0) return 0;
  const double middle = sum_ / static_cast<double>(count_);
  return std::llround(std::sqrt(std::max(0.0, squares_ / static_cast<double>(count_) - middle * middle)));
}

void DelayHistogram::add(std::int64_t value, std::uint64_t times) {
  value = std::max<std::int64_t>(value, 0);
  const auto wide = static_cast<std::uint64_t>(value);
  // Octave 0 holds values below 512 one by one; octave k the range [512·2^(k-1), 512·2^k) in steps of 2^(k-1).
  const auto width = static_cast<unsigned>(std::bit_width(wide));
  const unsigned octave = width <= bits ? 0 : width - bits;
  const std::uint64_t bucket = octave == 0 ? wide : (wide >> (octave - 1)) - buckets;
  if (!octaves_[octave]) octaves_[octave] = std::make_unique<Octave>();
  (*octaves_[octave])[bucket] += times;
  moments_.add(value, times);
  min_ = std::min(min_, value);
  max_ = std::max(max_, value);
}

std::int64_t DelayHistogram::quantile(double share) const {
  if (count() == 0) return 0;
  const auto wanted =
      std::max<std::uint64_t>(1, static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count()))));
  std::uint64_t seen = 0;
  for (unsigned octave = 0; octave < octaves_.size(); ++octave) {
    if (!octaves_[octave]) continue;
    for (std::uint64_t bucket = 0; bucket < buckets; ++bucket) {
      seen += (*octaves_[octave])[bucket];
      if (seen < wanted) continue;
      const std::uint64_t step = octave == 0 ? 1 : std::uint64_t{1} << (octave - 1);
      const std::uint64_t low = octave == 0 ? bucket : (bucket + buckets) * step;
      return std::clamp(static_cast<std::int64_t>(low + step / 2), min_, max_);
    }
  }
  return max_;
}

}  // namespace withstand::lab::link
