#include <string>

#include <fmt/core.h>

#include "report/text.hpp"

namespace withstand::report {
namespace {

std::string three_digits(double value) {
  if (value < 9.995) return fmt::format("{:.2f}", value);
  if (value < 99.95) return fmt::format("{:.1f}", value);
  return fmt::format("{:.0f}", value);
}

/// "1.00" → "1", "12.40" → "12.4".
std::string trimmed(std::string number) {
  if (number.find('.') == std::string::npos) return number;
  number.erase(number.find_last_not_of('0') + 1);
  if (number.back() == '.') number.pop_back();
  return number;
}

std::string in_unit(std::int64_t nanoseconds, std::int64_t unit, const char* name, bool exact_is_short) {
  std::string number = three_digits(static_cast<double>(nanoseconds) / static_cast<double>(unit));
  return (exact_is_short && nanoseconds % (unit / 100) == 0 ? trimmed(number) : number) + name;
}

std::string time_text(std::int64_t nanoseconds, bool exact_is_short) {
  if (nanoseconds < 0) return "-" + time_text(nanoseconds == INT64_MIN ? INT64_MAX : -nanoseconds, exact_is_short);
  if (nanoseconds < 1000) return fmt::format("{}ns", nanoseconds);
  if (nanoseconds < 999'500) return in_unit(nanoseconds, 1'000, "µs", exact_is_short);
  if (nanoseconds < 999'500'000) return in_unit(nanoseconds, 1'000'000, "ms", exact_is_short);
  if (nanoseconds < 119'500'000'000) return in_unit(nanoseconds, 1'000'000'000, "s", exact_is_short);
  const std::int64_t seconds = nanoseconds / 1'000'000'000 + (nanoseconds % 1'000'000'000 >= 500'000'000 ? 1 : 0);
  if (seconds < 7200) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  if (seconds < 3'600'000) return fmt::format("{}h{:02}m", seconds / 3600, seconds / 60 % 60);
  return ">999h";
}

}  // namespace

std::string human_time(std::int64_t nanoseconds) { return time_text(nanoseconds, true); }

std::string measured_time(std::int64_t nanoseconds) { return time_text(nanoseconds, false); }

std::string clock_time(std::int64_t nanoseconds) {
  return fmt::format("{:.3f}", static_cast<double>(nanoseconds) / 1e9);
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
  if (whole == 0) return "-";
  if (part == 0) return "0%";
  if (part == whole) return "100%";
  const double value = 100.0 * static_cast<double>(part) / static_cast<double>(whole);
  if (value < 0.001) return "<0.001%";
  if (value > 99.999) return ">99.999%";
  return trimmed(value < 1 || value > 99 ? fmt::format("{:.3f}", value) : fmt::format("{:.1f}", value)) + "%";
}

std::string counted(std::uint64_t number, std::string_view noun) {
  return fmt::format("{} {}{}", grouped(number), noun, number == 1 ? "" : "s");
}

}  // namespace withstand::report
