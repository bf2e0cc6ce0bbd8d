#include "lab/link/model/rate_model.hpp"

#include <algorithm>

namespace withstand::lab::link {
namespace {

using namespace std::chrono_literals;

constexpr double least_queue = 10 * 1500, slots_only_queue = 8 << 20, most_queue = 64 << 20;

}  // namespace

RateModel::RateModel(const core::RateSettings& settings, const core::DrawStream& draws, core::Instant start,
                     Table trace)
    : settings_(settings) {
  if (settings.trace)
    trace_.emplace(std::move(trace), start);
  else if (settings.bits_per_second > 0)
    bottleneck_.emplace(settings, start);
  if (settings.slot_max.count() > 0) slots_.emplace(settings, draws, start);
  size_queue(0ns);
}

void RateModel::size_queue(std::chrono::nanoseconds delay) {
  const double rate = static_cast<double>(trace_ ? trace_->mean_bits_per_second() : settings_.bits_per_second);
  const double seconds =
      std::chrono::duration<double>(settings_.bloated ? 5s : std::max<core::Instant>(100ms, 2 * delay)).count();
  const double sized = rate > 0 ? std::clamp(rate / 8 * seconds, least_queue, most_queue) : slots_only_queue;
  limit_ = settings_.queue > 0 ? static_cast<std::uint64_t>(settings_.queue) : static_cast<std::uint64_t>(sized);
}

void RateModel::begin_anew(core::Instant now) {
  if (trace_) trace_->begin_anew(now);
  if (bottleneck_) bottleneck_->begin_anew(now);
  if (slots_) slots_->begin_anew(now);
  backlog_ = {};
}

std::optional<RateModel::Departure> RateModel::offer(core::Instant now, std::uint32_t packet_bytes) {
  const auto waiting = backlog_.bytes(now);
  if (waiting > 0 && waiting + packet_bytes > limit_) return {};
  core::Instant leaves = now;
  if (trace_)
    leaves = trace_->leaves(now, packet_bytes);
  else if (bottleneck_)
    leaves = bottleneck_->leaves(now, wire_bytes(settings_, packet_bytes));
  if (slots_) leaves = slots_->leaves(leaves, packet_bytes);
  backlog_.add(leaves, packet_bytes);
  const bool marked = settings_.mark_above.count() > 0 && leaves - now > settings_.mark_above;
  return Departure{.leaves = leaves, .waited = waiting > 0, .marked = marked};
}

}  // namespace withstand::lab::link
