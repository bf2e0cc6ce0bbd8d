#include <cstdlib>
#include <optional>

#include <fmt/format.h>

#include "spec/unit_table.hpp"

namespace withstand::spec {
namespace {

/// `value` in a unit as a decimal without an end, or nothing when there is none.
std::optional<std::string> decimal(Wide magnitude, const Unit& unit) {
  const Wide scaled = magnitude * unit.denominator;
  Wide left = scaled % unit.numerator;
  std::string fraction;
  while (left != 0 && fraction.size() < most_digits) {
    left *= 10;
    fraction += static_cast<char>('0' + static_cast<int>(left / unit.numerator));
    left %= unit.numerator;
  }
  if (left != 0) return std::nullopt;
  const auto whole = static_cast<std::uint64_t>(scaled / unit.numerator);
  return fmt::format("{}{}{}{}", whole, fraction.empty() ? "" : ".", fraction, unit.name);
}

/// The shortest among the units in which the value is at least one; `always` is used below that too.
std::string shortest(std::int64_t value, std::span<const Unit> units, std::string_view always) {
  const Wide magnitude = value < 0 ? -Wide{value} : Wide{value};
  std::string best;
  for (const Unit& unit : units) {
    if (magnitude < unit.numerator && unit.name != always) continue;
    const std::optional<std::string> text = decimal(magnitude, unit);
    if (text && (best.empty() || text->size() < best.size())) best = *text;
  }
  return (value < 0 ? "-" : "") + best;
}

}  // namespace

std::string to_text(Duration value) {
  return value.count() == 0 ? "0s" : shortest(value.count(), duration_units, "ns");
}
std::string to_text(Ratio value) { return shortest(value.ppb, ratio_units, "%"); }
std::string to_text(Bytes value) { return shortest(value.count, bytes_units, "B"); }
std::string to_text(Rate value) { return shortest(value.millihertz, std::span(rate_units).first(1), "/s"); }
std::string to_text(Bandwidth value) {
  static constexpr std::array bits{Unit{"Gbit/s", 1'000'000'000}, Unit{"Mbit/s", 1'000'000}, Unit{"kbit/s", 1'000},
                                   Unit{"bit/s", 1}};
  return shortest(value.bits_per_second, bits, "bit/s");
}

std::string to_human(Duration value) {
  const std::int64_t count = value.count();
  if (count == 0) return "0s";
  const double magnitude = std::abs(static_cast<double>(count));
  const char* sign = count < 0 ? "-" : "";
  for (const Unit& unit : duration_units) {
    const double scaled = magnitude / static_cast<double>(unit.numerator);
    const bool calendar = unit.numerator > 1'000'000'000;
    if (scaled < (calendar ? 2.0 : 0.9995) && unit.numerator > 1) continue;  // 90s rather than 1.50m
    if (scaled >= 99.95 || unit.numerator == 1) return fmt::format("{}{:.0f}{}", sign, scaled, unit.name);
    return fmt::format("{}{:.{}f}{}", sign, scaled, scaled >= 9.995 ? 1 : 2, unit.name);
  }
  return {};
}

}  // namespace withstand::spec
