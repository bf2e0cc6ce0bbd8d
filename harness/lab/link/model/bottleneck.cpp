#include "lab/link/model/bottleneck.hpp"

#include <algorithm>
#include <cmath>

namespace withstand::lab::link {
namespace {

constexpr std::int64_t second = 1'000'000'000;

}  // namespace

Bottleneck::Bottleneck(const core::RateSettings& settings, core::Instant start)
    : settings_(settings),
      start_(start),
      clock_(start),
      burst_(static_cast<std::int64_t>(static_cast<double>(settings.burst) * 8e9 /
                                       static_cast<double>(settings.bits_per_second))) {}

std::int64_t Bottleneck::bits_per_second(core::Instant now) const {
  const auto age = now - start_;
  if (age >= settings_.ramp) return settings_.bits_per_second;
  const double from = static_cast<double>(settings_.ramp_from), to = static_cast<double>(settings_.bits_per_second);
  const double share = static_cast<double>(age.count()) / static_cast<double>(settings_.ramp.count());
  return std::max<std::int64_t>(1, std::llround(from * std::pow(to / from, share)));
}

core::Instant Bottleneck::leaves(core::Instant now, std::uint64_t wire_bytes) {
  const std::int64_t rate = bits_per_second(std::max(clock_, now));  // of when its turn comes
  if (now > clock_ || rate != divided_by_) remainder_ = 0;
  divided_by_ = rate;
  clock_ = std::max(clock_, now);
  const std::uint64_t work = wire_bytes * 8 * second + remainder_;
  clock_ += std::chrono::nanoseconds(work / static_cast<std::uint64_t>(rate));
  remainder_ = work % static_cast<std::uint64_t>(rate);
  return std::max(now, clock_ - burst_);
}

std::uint64_t wire_bytes(const core::RateSettings& settings, std::uint32_t packet_bytes) {
  const std::int64_t whole = std::int64_t{packet_bytes} + settings.overhead;
  if (settings.cell == 0) return static_cast<std::uint64_t>(whole);
  const std::int64_t cells = (whole + settings.cell - 1) / settings.cell;
  return static_cast<std::uint64_t>(cells * (settings.cell + settings.cell_overhead));
}

}  // namespace withstand::lab::link
