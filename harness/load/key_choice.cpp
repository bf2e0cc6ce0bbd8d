#include "load/key_choice.hpp"

#include <algorithm>
#include <cmath>

namespace withstand::load {

KeyChoice::KeyChoice(const Config& config) : keys_(static_cast<std::uint64_t>(config.keys)) {
  if (config.zipf > 0) {
    until_.reserve(keys_);
    double sum = 0;
    for (std::uint64_t key = 1; key <= keys_; ++key) {
      sum += std::pow(static_cast<double>(key), -config.zipf);
      until_.push_back(sum);
    }
  } else if (config.hot_keys_ppb > 0 && keys_ > 1) {
    const auto share = static_cast<double>(config.hot_keys_ppb) / 1e9 * static_cast<double>(keys_);
    hot_ = std::clamp<std::uint64_t>(static_cast<std::uint64_t>(std::llround(share)), 1, keys_ - 1);
    hot_share_ppb_ = config.hot_share_ppb;
  }
}

std::uint64_t KeyChoice::choose(const core::DrawStream& stream, std::uint64_t ordinal) const {
  if (!until_.empty()) {
    const double point = stream.uniform(ordinal) * until_.back();
    const auto place = std::upper_bound(until_.begin(), until_.end(), point) - until_.begin();
    return std::min(static_cast<std::uint64_t>(place), keys_ - 1);
  }
  if (hot_ == 0) return stream.below(ordinal, keys_);
  const auto inside = stream.within(ordinal);
  if (inside.chance(0, hot_share_ppb_)) return inside.below(1, hot_);
  return hot_ + inside.below(1, keys_ - hot_);
}

}  // namespace withstand::load
