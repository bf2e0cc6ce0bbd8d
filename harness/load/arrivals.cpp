#include "load/arrivals.hpp"

#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numbers>
#include <stdexcept>

#include <fmt/format.h>

namespace withstand::load {
namespace {

/// Thousandths of an operation per second are 10^-12 operations per nanosecond.
constexpr long double per_nanosecond = 1e-12L;

}  // namespace

Arrivals::Arrivals(const Config& config)
    : rate_(static_cast<std::uint64_t>(config.rate_millihertz)),
      poisson_(config.arrival == "poisson"),
      segments_(config.segments),
      swing_(static_cast<long double>(config.swing_ppb) / 1e9L),
      period_(static_cast<long double>(config.period)),
      traced_(!config.trace.empty()),
      gaps_(core::draw_stream(config.seed, "load", "", "arrival")) {
  if (traced_) trace_ = read_trace(config.trace);
}

std::chrono::nanoseconds Arrivals::of(std::uint64_t ordinal) {
  if (traced_) return ordinal < trace_.size() ? std::chrono::nanoseconds(trace_[ordinal]) : never;
  if (!poisson_ && segments_.empty() && period_ == 0) {
    __extension__ using Wide = unsigned __int128;  // ordinal * 10^12 leaves 64 bits after 18 million operations
    return std::chrono::nanoseconds(static_cast<std::int64_t>(Wide{ordinal} * 1'000'000'000'000U / rate_));
  }
  const auto position = position_of(ordinal);
  return std::chrono::nanoseconds(period_ > 0 ? inverse_of_sine(position) : inverse(position));
}

long double Arrivals::position_of(std::uint64_t ordinal) {
  if (!poisson_) return static_cast<long double>(ordinal);
  for (; drawn_ <= ordinal; ++drawn_) sum_ -= std::log1p(-static_cast<long double>(gaps_.uniform(drawn_)));
  return sum_;
}

std::int64_t Arrivals::inverse(long double position) {
  if (segments_.empty())
    return static_cast<std::int64_t>(position / (static_cast<long double>(rate_) * per_nanosecond));
  while (segment_ < segments_.size()) {
    const auto& segment = segments_[segment_];
    const auto lasting = static_cast<long double>(segment.lasting);
    const auto from = static_cast<long double>(segment.from) * per_nanosecond;
    const auto to = static_cast<long double>(segment.to) * per_nanosecond;
    const auto inside = (from + to) / 2 * lasting;
    const auto wanted = position - segment_position_;
    if (wanted < inside) {
      // from x + (to - from) x^2 / (2 lasting) = wanted, solved without loss where the two rates are alike.
      const auto bend = (to - from) / lasting;
      const auto x = 2 * wanted / (from + std::sqrt(from * from + 2 * bend * wanted));
      return static_cast<std::int64_t>(segment_begin_ + x);
    }
    segment_position_ += inside;
    segment_begin_ += lasting;
    ++segment_;
  }
  const auto last = static_cast<long double>(segments_.back().to) * per_nanosecond;
  return static_cast<std::int64_t>(segment_begin_ + (position - segment_position_) / last);
}

/// N(t) = r (t + swing * P / 2 pi * (1 - cos(2 pi t / P))) rises everywhere, and differs from r t by less than
/// r * swing * P / pi: bisection between these bounds ends at the nanosecond.
std::int64_t Arrivals::inverse_of_sine(long double position) const {
  const auto rate = static_cast<long double>(rate_) * per_nanosecond;
  const auto turn = 2 * std::numbers::pi_v<long double> / period_;
  const auto until = [&](long double t) { return rate * (t + swing_ / turn * (1 - std::cos(turn * t))); };
  long double low = std::max(0.0L, position / rate - 2 * swing_ / turn), high = position / rate;
  while (high - low > 0.5L) {
    const auto middle = (low + high) / 2;
    (until(middle) < position ? low : high) = middle;
  }
  return static_cast<std::int64_t>(high);
}

std::string trace_path(const std::string& experiment, const std::string& trace) {
  return (std::filesystem::absolute(experiment).parent_path() / trace).lexically_normal();
}

std::vector<std::int64_t> read_trace(const std::string& path) {
  std::ifstream in(path);
  if (!in) throw std::runtime_error(fmt::format("the trace '{}' cannot be read", path));
  std::vector<std::int64_t> out;
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty() || line.front() == '#') continue;
    double seconds = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seconds);
    if (error != std::errc{} || end != line.data() + line.size() || !(seconds >= 0) || seconds > 1e6)
      throw std::runtime_error(fmt::format("line {} of the trace '{}' is no time in seconds: {}", number, path, line));
    const auto at = std::llround(seconds * 1e9);
    if (!out.empty() && at < out.back())
      throw std::runtime_error(fmt::format("line {} of the trace '{}' is earlier than the one before", number, path));
    out.push_back(at);
  }
  if (out.empty()) throw std::runtime_error(fmt::format("the trace '{}' holds no time", path));
  return out;
}

}  // namespace withstand::load
