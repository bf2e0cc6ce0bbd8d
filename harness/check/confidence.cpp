#include "check/confidence.hpp"

#include <algorithm>
#include <cmath>

namespace withstand::check {
namespace {

constexpr double z = 1.959963984540054;  // of 95 %
constexpr double tail = 0.025;

}  // namespace

std::pair<double, double> wilson_interval(std::uint64_t part, std::uint64_t all) {
  const auto n = static_cast<double>(all);
  const double share = static_cast<double>(part) / n;
  const double middle = share + z * z / (2 * n);
  const double reach = z * std::sqrt(share * (1 - share) / n + z * z / (4 * n * n));
  const double scale = 1 + z * z / n;
  return {part == 0 ? 0 : std::max(0.0, (middle - reach) / scale),
          part == all ? 1 : std::min(1.0, (middle + reach) / scale)};
}

PercentileRanks percentile_interval(std::uint64_t count, double percent) {
  const double p = std::clamp(percent / 100, 1e-9, 1 - 1e-9);
  const auto n = static_cast<double>(count);
  const double spread = std::sqrt(n * p * (1 - p)) + 1;
  // The number of values below the percentile is binomial; what lies ten spreads away weighs nothing.
  const auto first = static_cast<std::uint64_t>(std::max(0.0, std::floor(n * p - 10 * spread)));
  const auto last = static_cast<std::uint64_t>(std::min(n, std::ceil(n * p + 10 * spread)));
  const auto mass = [&](std::uint64_t k) {
    const auto x = static_cast<double>(k);
    return std::exp(std::lgamma(n + 1) - std::lgamma(x + 1) - std::lgamma(n - x + 1) + x * std::log(p) +
                    (n - x) * std::log1p(-p));
  };
  PercentileRanks out;
  double below = 0;  // P(B <= k)
  for (std::uint64_t k = first; k <= last; ++k) {
    // The value of rank r lies above the percentile when at most r - 1 values lie below it.
    if (below <= tail && k >= 1) out.low = k;
    below += mass(k);
    if (below >= 1 - tail) {
      if (k + 1 <= count) out.high = k + 1;
      break;
    }
  }
  return out;
}

}  // namespace withstand::check
