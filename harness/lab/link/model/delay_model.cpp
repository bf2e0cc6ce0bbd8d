#include "lab/link/model/delay_model.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace withstand::lab::link {
namespace {

using Kind = core::DelaySettings::Distribution;
using std::chrono::nanoseconds;

/// Uniform in (0, 1), both ends left out.
double inner_uniform(const core::DrawStream& draws, std::uint64_t ordinal) {
  return (static_cast<double>(draws.bits(ordinal) >> 12) + 0.5) * 0x1p-52;
}

/// Uniform over the 2·jitter + 1 whole nanoseconds of ±jitter.
nanoseconds even(const core::DrawStream& draws, std::uint64_t ordinal, nanoseconds jitter) {
  const auto span = 2 * static_cast<std::uint64_t>(jitter.count()) + 1;
  return nanoseconds(static_cast<std::int64_t>(draws.below(ordinal, span))) - jitter;
}

}  // namespace

DelayModel::DelayModel(const core::DelaySettings& settings, Table table)
    : settings_(settings), table_(table), distribution_(settings.distribution, std::move(table)) {
  if (settings.distribution == Kind::recorded && (!table_ || table_->empty()))
    throw std::invalid_argument("a recording of delays without delays");
  if (settings.correlation_ppb == 0 || settings.distribution == Kind::recorded) return;
  chain_ = normal_correlation(distribution_, static_cast<double>(settings.correlation_ppb) / 1e9);
  innovation_ = std::sqrt(1 - chain_ * chain_);
}

bool DelayModel::has_memory() const { return chain_ != 0 || settings_.distribution == Kind::recorded; }

nanoseconds DelayModel::next(const core::DrawStream& draws, std::uint64_t ordinal) {
  if (settings_.distribution == Kind::recorded)
    return settings_.delay + nanoseconds((*table_)[ordinal % table_->size()]);
  if (settings_.jitter.count() == 0) return settings_.delay;
  nanoseconds offset{};
  if (chain_ == 0 && settings_.distribution == Kind::uniform) {
    offset = even(draws, ordinal, settings_.jitter);
  } else {
    double rank = inner_uniform(draws, ordinal);
    if (chain_ != 0) {
      const double fresh = normal_quantile(rank);
      state_ = started_ ? chain_ * state_ + innovation_ * fresh : fresh;
      started_ = true;
      rank = std::clamp(normal_share(state_), 0x1p-54, 1 - 0x1p-53);
    }
    const double steps = distribution_.quantile(rank) * static_cast<double>(settings_.jitter.count());
    offset = nanoseconds(std::llround(std::clamp(steps, -4e18, 4e18)));
  }
  return std::max(settings_.delay + offset, nanoseconds(0));
}

nanoseconds DelayModel::longest() const {
  switch (settings_.distribution) {
    case Kind::uniform:
      return settings_.delay + settings_.jitter;
    case Kind::recorded:
      return settings_.delay + nanoseconds(*std::max_element(table_->begin(), table_->end()));
    case Kind::table: {
      const auto most = *std::max_element(table_->begin(), table_->end());
      return settings_.delay + settings_.jitter * most / 8192;
    }
    case Kind::normal:
    case Kind::pareto:
    case Kind::paretonormal:
      break;
  }
  return settings_.delay + 6 * settings_.jitter;
}

}  // namespace withstand::lab::link
