#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "spec/result.hpp"

/// Quantities as users write them ("250ms", "5%", "1MiB", "400/s", "10Mbit/s") and as the harness keeps them: exact
/// integers. A bare number is never accepted where a unit belongs. Pure functions, safe from any thread.
namespace withstand::spec {

/// Nanoseconds; negative values only where a parameter says so (clock offsets). Units: ns us ms s m h d, and sums of
/// them: "1m30s".
using Duration = std::chrono::nanoseconds;

/// "1st", "2nd", "3rd", "4th", "11th".
std::string ordinal(std::int64_t number);

/// A fraction of one, in parts per billion: "5%" is 50'000'000. "0.3%", "12ppm", "3ppb" are accepted. Range of
/// percentages: 0% to 100% unless the parameter says otherwise.
struct Ratio {
  std::int64_t ppb = 0;
  [[nodiscard]] double fraction() const { return static_cast<double>(ppb) / 1e9; }
  auto operator<=>(const Ratio&) const = default;
};

/// "512B", "4KiB", "1MiB", "2GiB", and decimal "1kB", "1MB", "1GB".
struct Bytes {
  std::int64_t count = 0;
  auto operator<=>(const Bytes&) const = default;
};

/// Events per time, in thousandths of an event per second: "400/s", "30/m", "0.5/s".
struct Rate {
  std::int64_t millihertz = 0;
  [[nodiscard]] double per_second() const { return static_cast<double>(millihertz) / 1e3; }
  auto operator<=>(const Rate&) const = default;
};

/// Bits per second: "10Mbit/s", "512kbit/s", "1Gbit/s", or bytes: "1MiB/s", "500kB/s".
struct Bandwidth {
  std::int64_t bits_per_second = 0;
  auto operator<=>(const Bandwidth&) const = default;
};

/// What a text with a unit can stand for.
enum class Quantity { duration, ratio, bytes, rate, bandwidth };

/// "duration", "ratio", "size", "rate", "bandwidth": the word used in messages.
std::string_view word(Quantity quantity);
/// The unit names a quantity takes, largest first.
std::vector<std::string> unit_names(Quantity quantity);

/// All five refuse: an empty text, a bare number, a unit of another quantity, a number with more than 18 digits, a
/// value that the integer cannot hold exactly or at all.
Result<Duration> parse_duration(std::string_view text);
Result<Ratio> parse_ratio(std::string_view text);
Result<Bytes> parse_bytes(std::string_view text);
Result<Rate> parse_rate(std::string_view text);
Result<Bandwidth> parse_bandwidth(std::string_view text);

/// The shortest text that parses back to the same value where one exists ("1.5s", "250ms"); stable, used in plans and
/// golden files.
std::string to_text(Duration value);
std::string to_text(Ratio value);
std::string to_text(Bytes value);
std::string to_text(Rate value);
std::string to_text(Bandwidth value);

/// For people: three significant digits and the fitting unit ("12.3ms", "8.06s"). Not for parsing back.
std::string to_human(Duration value);

}  // namespace withstand::spec
