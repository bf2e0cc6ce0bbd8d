#include "lab/disk/delay.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace withstand::lab::disk {
namespace {

/// Longer than any run; what a heavy tail draws beyond it is this.
constexpr double longest_ns = 24.0 * 3600 * 1e9;
/// Pareto's shape: the mean is finite, the variance is not.
constexpr double shape = 1.5;

/// Box and Muller (1958), of two draws that belong to the same operation.
double standard_normal(core::DrawStream stream, std::uint64_t ordinal) {
  const double radius = std::sqrt(-2 * std::log(1 - stream.uniform(2 * ordinal)));
  return radius * std::cos(2 * std::numbers::pi * stream.uniform(2 * ordinal + 1));
}

}  // namespace

std::chrono::nanoseconds draw_delay(const core::DiskRule& rule, core::DrawStream stream, std::uint64_t ordinal) {
  using Spread = core::DiskRule::Spread;
  const auto mean = static_cast<double>(rule.delay.count()), jitter = static_cast<double>(rule.jitter.count());
  const double chance = stream.uniform(2 * ordinal);
  double drawn = mean;
  switch (rule.spread) {
    case Spread::constant:
      break;
    case Spread::uniform:
      drawn = mean + jitter * (2 * chance - 1);
      break;
    case Spread::normal:
      drawn = mean + jitter * standard_normal(stream, ordinal);
      break;
    case Spread::exponential:
      drawn = -mean * std::log(1 - chance);
      break;
    case Spread::pareto:
      drawn = mean * (shape - 1) / shape * std::pow(1 - chance, -1 / shape);
      break;
  }
  return std::chrono::nanoseconds(static_cast<std::int64_t>(std::clamp(drawn, 0.0, longest_ns)));
}

}  // namespace withstand::lab::disk
