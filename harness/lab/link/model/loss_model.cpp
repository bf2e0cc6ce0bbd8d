#include "lab/link/model/loss_model.hpp"

namespace withstand::lab::link {
namespace {

using Model = core::LossSettings::Model;

constexpr std::uint64_t one = 1'000'000'000;

}  // namespace

LossModel::LossModel(const core::LossSettings& settings) : settings_(settings), random_(settings.random) {}

bool LossModel::has_memory() const { return settings_.model != Model::random || random_.has_memory(); }

bool LossModel::lost(const core::DrawStream& draws, std::uint64_t ordinal) {
  switch (settings_.model) {
    case Model::random:
      return random_.next(draws, ordinal);
    case Model::gilbert_elliott:
      return gilbert_elliott(draws, ordinal);
    case Model::markov:
      return markov(draws, ordinal);
    case Model::nth:
      return settings_.nth > 0 && (ordinal + 1) % static_cast<std::uint64_t>(settings_.nth) == 0;
  }
  return false;
}

bool LossModel::gilbert_elliott(const core::DrawStream& draws, std::uint64_t ordinal) {
  const bool good = state_ == 1;
  const bool lost = draws.chance(2 * ordinal, good ? settings_.loss_good : settings_.loss_bad);
  if (draws.chance(2 * ordinal + 1, good ? settings_.p : settings_.r)) state_ = good ? 2 : 1;
  return lost;
}

bool LossModel::markov(const core::DrawStream& draws, std::uint64_t ordinal) {
  const auto draw = static_cast<std::int64_t>(draws.below(ordinal, one));
  switch (state_) {
    case 1:
      state_ = draw < settings_.p13 ? 3 : draw < settings_.p13 + settings_.p14 ? 4 : 1;
      break;
    case 2:
      state_ = draw < settings_.p23 ? 3 : 2;
      break;
    case 3:
      state_ = draw < settings_.p31 ? 1 : draw < settings_.p31 + settings_.p32 ? 2 : 3;
      break;
    default:
      state_ = 1;
  }
  return state_ >= 3;
}

}  // namespace withstand::lab::link
