#pragma once

#include <cstdint>
#include <vector>

#include "core/draw.hpp"
#include "load/config.hpp"

namespace withstand::load {

/// Which of the keys an operation goes to: each as often as any other, by Zipf's law (the k-th with a weight of 1/k^s),
/// or a few of them more often than the rest. Pure; thread-safe.
class KeyChoice {
 public:
  explicit KeyChoice(const Config& config);
  /// 0 to keys - 1, by that draw of `stream`; with few hot keys also by the same draw of another stream within it.
  [[nodiscard]] std::uint64_t choose(const core::DrawStream& stream, std::uint64_t ordinal) const;

 private:
  std::uint64_t keys_, hot_ = 0;
  std::int64_t hot_share_ppb_ = 0;
  std::vector<double> until_;  // Zipf: the sum of the weights up to each key
};

}  // namespace withstand::load
