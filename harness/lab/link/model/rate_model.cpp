#include "lab/link/model/rate_model.hpp"

#include <algorithm>

namespace withstand::lab::link {
namespace {

using namespace std::chrono_literals;

constexpr double least_queue = 10 * 1500, most_queue = 64 << 20;
constexpr std::uint64_t slots_only_queue = 8 << 20;

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

std::uint64_t queue_size(const core::RateSettings& settings, double bits_per_second, std::chrono::nanoseconds delay) {
  if (settings.queue > 0) return static_cast<std::uint64_t>(settings.queue);
  if (bits_per_second <= 0) return slots_only_queue;
  const double seconds =
      std::chrono::duration<double>(settings.bloated ? 5s : std::max<core::Instant>(100ms, 2 * delay)).count();
  return static_cast<std::uint64_t>(std::clamp(bits_per_second / 8 * seconds, least_queue, most_queue));
}

void RateModel::size_queue(std::chrono::nanoseconds delay) {
  limit_ = queue_size(settings_,
                      static_cast<double>(trace_ ? trace_->mean_bits_per_second() : settings_.bits_per_second), delay);
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
