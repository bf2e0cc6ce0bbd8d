#include "lab/link/model/distribution.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include <boost/math/special_functions/erf.hpp>

namespace withstand::lab::link {
namespace {

using Kind = core::DelaySettings::Distribution;

/// One unit of a table of iproute2 (NETEM_DIST_SCALE).
constexpr double table_scale = 8192;

/// A Pareto variable of shape 3 and least value 1 has mean 3/2 and variance 3/4.
double pareto(double u) { return (1 / std::cbrt(1 - u) - 1.5) / (std::numbers::sqrt3 / 2); }

/// The standard deviation of the sum; the covariance of the two parts, of one rank, is 0.678353 (by quadrature).
double paretonormal(double u) {
  constexpr double covariance = 0.678353;
  static const double deviation = std::sqrt(0.25 * 0.25 + 0.75 * 0.75 + 2 * 0.25 * 0.75 * covariance);
  return (0.25 * normal_quantile(u) + 0.75 * pareto(u)) / deviation;
}

}  // namespace

double normal_share(double z) { return 0.5 * std::erfc(-z / std::numbers::sqrt2); }

double normal_quantile(double u) {
  namespace math = boost::math;
  using Policy = math::policies::policy<math::policies::promote_double<false>>;
  return -std::numbers::sqrt2 * math::erfc_inv(2 * u, Policy());
}

Distribution::Distribution(Kind kind, Table table) : kind_(kind), table_(std::move(table)) {
  if (kind == Kind::table && (!table_ || table_->empty())) throw std::invalid_argument("a delay table without entries");
}

double Distribution::quantile(double u) const {
  switch (kind_) {
    case Kind::normal:
      return normal_quantile(u);
    case Kind::pareto:
      return pareto(u);
    case Kind::paretonormal:
      return paretonormal(u);
    case Kind::table: {
      const auto step = static_cast<std::size_t>(u * static_cast<double>(table_->size()));
      return static_cast<double>((*table_)[std::min(step, table_->size() - 1)]) / table_scale;
    }
    case Kind::uniform:
    case Kind::recorded:
      break;
  }
  return 2 * u - 1;
}

double normal_correlation(const Distribution& distribution, double wanted) {
  constexpr int terms = 16, nodes = 16384;
  // weight[k] is how much of the variance the k-th polynomial carries; correlating the normals by r leaves r^k of it.
  std::array<double, terms> weight{};
  for (int i = 0; i < nodes; ++i) {
    const double u = (i + 0.5) / nodes, z = normal_quantile(u), value = distribution.quantile(u) / nodes;
    double before = 0, now = 1;  // normalised Hermite polynomials: He_k / √k!
    for (int k = 0; k < terms; ++k) {
      weight[static_cast<std::size_t>(k)] += value * now;
      const double next = (z * now - std::sqrt(k) * before) / std::sqrt(k + 1);
      before = std::exchange(now, next);
    }
  }
  double all = 0;
  for (int k = 1; k < terms; ++k) all += weight[static_cast<std::size_t>(k)] * weight[static_cast<std::size_t>(k)];
  double low = 0, high = 1;
  for (int step = 0; step < 40; ++step) {
    const double middle = (low + high) / 2;
    double sum = 0;
    for (int k = terms - 1; k >= 1; --k)
      sum = middle * (sum + weight[static_cast<std::size_t>(k)] * weight[static_cast<std::size_t>(k)]);
    (sum < wanted * all ? low : high) = middle;
  }
  return (low + high) / 2;
}

}  // namespace withstand::lab::link
