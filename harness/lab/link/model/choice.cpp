#include "lab/link/model/choice.hpp"

namespace withstand::lab::link {
namespace {

constexpr std::int64_t certain = 1'000'000'000;

/// a · b where one is 10^9, rounded.
std::int64_t product(std::int64_t a, std::int64_t b) { return (a * b + certain / 2) / certain; }

}  // namespace

ChoiceModel::ChoiceModel(const core::Choice& settings)
    : after_chosen_(settings.ppb + product(settings.correlation_ppb, certain - settings.ppb)),
      after_other_(settings.ppb - product(settings.correlation_ppb, settings.ppb)),
      first_(settings.ppb),
      memory_(settings.correlation_ppb != 0) {}

bool ChoiceModel::next(const core::DrawStream& draws, std::uint64_t ordinal) {
  if (!memory_) return draws.chance(ordinal, first_);
  last_ = draws.chance(ordinal, !started_ ? first_ : last_ ? after_chosen_ : after_other_);
  started_ = true;
  return last_;
}

}  // namespace withstand::lab::link
