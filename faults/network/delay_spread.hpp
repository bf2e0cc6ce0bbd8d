#pragma once

#include <vector>

#include "core/links.hpp"

namespace withstand::faults {

/// Whether delays can have been drawn as they were asked for, worked out in the orchestrator from nothing but the
/// distribution; the fabric's own drawing shares no code with this. Sees a jitter that was lost or made smaller; sees
/// nothing in delays that are too various, for other impairments of the link may add to them.
///
/// Two bounds, exact for independent draws. Let Q be the largest share of the distribution in any window as wide as the
/// n draws spread: one of them is the least, and all others lie in the window that begins with it, so that
/// P ≤ n Q^(n-1). Let F be the share up to the longest of them: P = F^n. Packets that are still under way may be just
/// the longer ones: with N in all, the n may be any of them, which multiplies the bounds by N/n times the ways to
/// choose n - 1 of N - 1, and the ways to choose n of N. Whatever else delays these packets cannot make either more
/// probable (a sum of independent variables is concentrated in no window more than each of them). Of correlated draws
/// (1 + r) / (1 - r) count as one, as for their mean: with those the bounds are estimates.
class SpreadTest {
 public:
  /// For delays that are drawn; of recorded ones, and without jitter, everything is probable.
  explicit SpreadTest(const core::Impairment& impairment);
  /// At most how probable the draws of such an effect are, 0 to 1: twice the smaller of the two bounds.
  [[nodiscard]] double chance(const core::LinkEffect& effect) const;

 private:
  [[nodiscard]] double densest(double width) const;

  std::vector<double> quantiles_;  ///< nanoseconds, of evenly spaced ranks; empty: nothing is drawn
  double draws_per_count_ = 1;     ///< how many correlated draws count as one
};

}  // namespace withstand::faults
