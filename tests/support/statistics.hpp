#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

/// Tests of what was drawn against what was asked for. Each states the probability with which it would fail although
/// all is well.
namespace withstand::support {

/// Kolmogorov-Smirnov: the largest distance between the samples' distribution and `share`, times √n. With a continuous
/// distribution it exceeds x with a probability of about 2 exp(-2 x²): 3.28 for 1e-9.
inline double kolmogorov(std::vector<double> samples, const std::function<double(double)>& share) {
  std::sort(samples.begin(), samples.end());
  const double n = static_cast<double>(samples.size());
  double largest = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const double wanted = share(samples[i]);
    largest = std::max(
        {largest, std::abs(wanted - static_cast<double>(i) / n), std::abs(static_cast<double>(i + 1) / n - wanted)});
  }
  return largest * std::sqrt(n);
}
inline constexpr double kolmogorov_limit = 3.28;

/// Pearson's chi-square of counts against expected counts, as a standard normal deviation (Wilson and Hilferty 1931):
/// above 6 with a probability of 1e-9.
inline double chi_square(const std::vector<std::uint64_t>& counts, const std::vector<double>& expected) {
  double sum = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    const double off = static_cast<double>(counts[i]) - expected[i];
    sum += off * off / expected[i];
  }
  const double freedom = static_cast<double>(counts.size() - 1), part = 2 / (9 * freedom);
  return (std::cbrt(sum / freedom) - (1 - part)) / std::sqrt(part);
}
inline constexpr double chi_square_limit = 6;

inline double mean(const std::vector<double>& samples) {
  double sum = 0;
  for (const double sample : samples) sum += sample;
  return sum / static_cast<double>(samples.size());
}

inline double deviation(const std::vector<double>& samples) {
  const double middle = mean(samples);
  double sum = 0;
  for (const double sample : samples) sum += (sample - middle) * (sample - middle);
  return std::sqrt(sum / static_cast<double>(samples.size()));
}

/// Of each sample with the one `distance` later. For independent samples within 6/√n of 0, but for 2e-9.
inline double autocorrelation(const std::vector<double>& samples, std::size_t distance = 1) {
  const double middle = mean(samples);
  double together = 0, alone = 0;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    alone += (samples[i] - middle) * (samples[i] - middle);
    if (i + distance < samples.size()) together += (samples[i] - middle) * (samples[i + distance] - middle);
  }
  return together / alone;
}

/// How often each length of a run of true occurred: at [k] runs of length k, the last entry holds longer ones too.
inline std::vector<std::uint64_t> run_lengths(const std::vector<bool>& hits, std::size_t longest) {
  std::vector<std::uint64_t> counts(longest + 1);
  std::size_t run = 0;
  for (const bool hit : hits) {
    if (hit) {
      ++run;
    } else if (run > 0) {
      ++counts[std::min(run, longest)];
      run = 0;
    }
  }
  return counts;
}

}  // namespace withstand::support
