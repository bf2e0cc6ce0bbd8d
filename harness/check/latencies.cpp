#include "check/latencies.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace withstand::check {

Latencies::Latencies(std::span<const Sample> samples, From from, std::int64_t timeout) {
  for (const Sample& sample : samples) {
    if (from == From::sent && sample.outcome == record::Outcome::dropped) continue;
    const std::int64_t start = from == From::due ? sample.intended : sample.sent;
    const bool unheard = sample.done == std::numeric_limits<std::int64_t>::max();
    if (sample.ok())
      successes_.push_back(sample.done - start);
    else
      censored_.push_back(unheard ? timeout : std::max(sample.done - start, timeout));
  }
  std::sort(successes_.begin(), successes_.end());
  std::sort(censored_.begin(), censored_.end());
}

Latencies::Value Latencies::percentile(double percent) const {
  // The epsilon keeps 99.9 % of 1000 at rank 999 although 99.9 has no exact binary form.
  const double exact = percent * static_cast<double>(count()) / 100.0;
  return rank(static_cast<std::uint64_t>(std::ceil(exact - exact * 1e-12)));
}

Latencies::Value Latencies::rank(std::uint64_t nth) const {
  const std::uint64_t place = std::clamp<std::uint64_t>(nth, 1, count()) - 1;
  if (place < successes_.size()) return {successes_[place], false};
  return {censored_[place - successes_.size()], true};
}

Latencies::Value Latencies::mean() const {
  long double sum = std::accumulate(successes_.begin(), successes_.end(), 0.0L);
  sum = std::accumulate(censored_.begin(), censored_.end(), sum);
  return {std::llround(sum / static_cast<long double>(count())), !censored_.empty()};
}

}  // namespace withstand::check
