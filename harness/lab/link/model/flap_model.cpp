#include "lab/link/model/flap_model.hpp"

#include <algorithm>

namespace withstand::lab::link {

FlapModel::FlapModel(const core::FlapSettings& settings, const core::DrawStream& draws, core::Instant start)
    : settings_(settings), draws_(draws), start_(start) {
  rewind();
}

core::Instant FlapModel::drawn(std::uint64_t ordinal, core::Instant least, core::Instant most) const {
  return least + core::Instant(draws_.below(ordinal, static_cast<std::uint64_t>((most - least).count()) + 1));
}

void FlapModel::rewind() {
  turn_ = 0;
  up_at_ = start_;
  down_at_ = up_at_ + drawn(0, settings_.up_min, settings_.up_max);
  ends_at_ = down_at_ + drawn(1, settings_.down_min, settings_.down_max);
}

void FlapModel::find(core::Instant now) {
  if (now < up_at_) rewind();
  while (now >= ends_at_) {
    ++turn_;
    up_at_ = ends_at_;
    down_at_ = up_at_ + drawn(2 * turn_, settings_.up_min, settings_.up_max);
    ends_at_ =
        std::max(down_at_ + drawn(2 * turn_ + 1, settings_.down_min, settings_.down_max), up_at_ + core::Instant(1));
  }
}

bool FlapModel::down(core::Instant now) {
  find(now);
  return now >= down_at_;
}

std::uint64_t FlapModel::times_down(core::Instant now) {
  find(now);
  return turn_ + (now >= down_at_ ? 1 : 0);
}

}  // namespace withstand::lab::link
