#include "core/loss_expectation.hpp"

#include <cmath>

namespace withstand::core {
namespace {

using Model = LossSettings::Model;

/// Mean length of runs: those that begin are those that end.
double burst(double share, double lost_then_received) { return share > 0 ? share / lost_then_received : 0; }

LossExpectation random(const Choice& choice) {
  const double p = static_cast<double>(choice.ppb) / 1e9, rho = static_cast<double>(choice.correlation_ppb) / 1e9;
  return {.share = p, .memory = rho, .mean_burst = p > 0 ? 1 / ((1 - p) * (1 - rho)) : 0};
}

LossExpectation gilbert_elliott(double p, double r, double bad, double good) {
  const double in_bad = p + r > 0 ? p / (p + r) : 0, in_good = 1 - in_bad;
  const double share = in_bad * bad + in_good * good;
  const double both = in_bad * bad * ((1 - r) * bad + r * good) + in_good * good * ((1 - p) * good + p * bad);
  return {.share = share, .memory = std::abs(1 - p - r), .mean_burst = burst(share, share - both)};
}

/// From the balance of the four states: π1 p13 = π3 p31, π2 p23 = π3 p32, π4 = π1 p14.
LossExpectation markov(double p13, double p31, double p32, double p23, double p14) {
  if (p13 <= 0) return {.share = p14 / (1 + p14), .memory = -1, .mean_burst = p14 > 0 ? 1.0 : 0.0};
  if (p31 <= 0) {
    // Never leaves the burst again.
    const double in_loss = p32 + p23 > 0 ? p23 / (p32 + p23) : 1;
    return {.share = in_loss, .memory = -1, .mean_burst = p32 > 0 ? 1 / p32 : 0};
  }
  const double received = 1, lost = p13 / p31, within = p23 > 0 ? lost * p32 / p23 : 0, alone = p14;
  const double all = received + lost + within + alone;
  // A loss alone may be followed by nothing but a reception: a burst ends from state 3 with p31 + p32, from 4 always.
  return {.share = (lost + alone) / all,
          .memory = -1,
          .mean_burst = burst((lost + alone) / all, (lost * (p31 + p32) + alone) / all)};
}

double fraction(std::int64_t ppb) { return static_cast<double>(ppb) / 1e9; }

}  // namespace

LossExpectation expected_loss(const LossSettings& settings) {
  switch (settings.model) {
    case Model::random:
      return random(settings.random);
    case Model::gilbert_elliott:
      return gilbert_elliott(fraction(settings.p), fraction(settings.r), fraction(settings.loss_bad),
                             fraction(settings.loss_good));
    case Model::markov:
      return markov(fraction(settings.p13), fraction(settings.p31), fraction(settings.p32), fraction(settings.p23),
                    fraction(settings.p14));
    case Model::nth:
      break;
  }
  return {.share = settings.nth > 0 ? 1 / static_cast<double>(settings.nth) : 0,
          .memory = -1,
          .mean_burst = settings.nth == 1  ? INFINITY
                        : settings.nth > 0 ? 1.0
                                           : 0.0};
}

}  // namespace withstand::core
