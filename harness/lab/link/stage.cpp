#include "lab/link/stage.hpp"

#include <algorithm>

namespace withstand::lab::link {
namespace {

using Kind = core::Impairment::Kind;

/// Uniform over the 2·jitter + 1 whole nanoseconds of ±jitter.
std::chrono::nanoseconds draw_delay(Stage& stage) {
  const auto jitter = stage.settings.jitter.count();
  if (jitter == 0) return stage.settings.delay;
  const auto span = 2 * static_cast<std::uint64_t>(jitter) + 1;
  const auto offset = static_cast<std::int64_t>(stage.draws.below(stage.next_draw++, span)) - jitter;
  return std::max(stage.settings.delay + std::chrono::nanoseconds(offset), std::chrono::nanoseconds(0));
}

bool refuses(Stage& stage) {
  switch (stage.settings.kind) {
    case Kind::partition:
      return true;
    case Kind::loss:
      return stage.draws.chance(stage.next_draw++, stage.settings.loss_ppb);
    case Kind::latency:
      return false;
  }
  return false;
}

}  // namespace

core::LinkEffect Stage::effect(core::Link link) const {
  const auto mean = [&](std::int64_t sum) {
    return egress.delay.count() == 0 ? 0 : sum / static_cast<std::int64_t>(egress.delay.count());
  };
  const std::uint64_t accounted = egress.dropped_later + egress.in_flight + egress.delivered;
  return {.link = link,
          .offered = offered,
          .refused = offered - std::min(offered, accounted),
          .dropped_later = egress.dropped_later,
          .in_flight = egress.in_flight,
          .delivered = egress.delivered,
          .delayed = egress.delay.count(),
          .delay_mean_ns = egress.delay.mean(),
          .delay_min_ns = egress.delay.min(),
          .delay_max_ns = egress.delay.max(),
          .delay_p50_ns = egress.delay.quantile(0.5),
          .delay_p99_ns = egress.delay.quantile(0.99),
          .requested_mean_ns = mean(egress.scheduled_sum),
          .drawn_mean_ns = mean(egress.drawn_sum)};
}

bool needs_packets(const Plan& plan) {
  return std::any_of(plan.begin(), plan.end(), [](const auto& stage) { return stage->settings.kind == Kind::loss; });
}

std::chrono::nanoseconds longest_delay(const Plan& plan) {
  std::chrono::nanoseconds sum{};
  for (const auto& stage : plan) sum += stage->settings.delay + stage->settings.jitter;
  return sum;
}

std::optional<std::chrono::nanoseconds> decide(const Plan& plan, std::uint64_t packets) {
  std::chrono::nanoseconds delay{};
  for (auto stage = plan.begin(); stage != plan.end(); ++stage) {
    (*stage)->offered += packets;
    if (refuses(**stage)) {
      for (auto passed = plan.begin(); passed != stage; ++passed) (*passed)->egress.dropped_later += packets;
      return {};
    }
    if ((*stage)->settings.kind == Kind::latency) delay += draw_delay(**stage);
  }
  return delay;
}

}  // namespace withstand::lab::link
