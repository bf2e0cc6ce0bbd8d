#include "spec/units.hpp"

#include <array>
#include <cstdlib>
#include <limits>
#include <optional>
#include <span>

#include <fmt/format.h>

namespace withstand::spec {
namespace {

__extension__ using Wide = __int128;

/// One unit is `numerator / denominator` of the quantity's base (ns, ppb, bytes, mHz, bit/s).
struct Unit {
  std::string_view name;
  std::int64_t numerator;
  std::int64_t denominator = 1;
};

constexpr std::array duration_units{Unit{"d", 86'400'000'000'000},
                                    Unit{"h", 3'600'000'000'000},
                                    Unit{"m", 60'000'000'000},
                                    Unit{"s", 1'000'000'000},
                                    Unit{"ms", 1'000'000},
                                    Unit{"us", 1'000},
                                    Unit{"ns", 1}};
constexpr std::array ratio_units{Unit{"%", 10'000'000}, Unit{"ppm", 1'000}, Unit{"ppb", 1}};
constexpr std::array bytes_units{Unit{"TiB", 1LL << 40},
                                 Unit{"TB", 1'000'000'000'000},
                                 Unit{"GiB", 1LL << 30},
                                 Unit{"GB", 1'000'000'000},
                                 Unit{"MiB", 1LL << 20},
                                 Unit{"MB", 1'000'000},
                                 Unit{"KiB", 1LL << 10},
                                 Unit{"kB", 1'000},
                                 Unit{"B", 1}};
constexpr std::array rate_units{Unit{"/s", 1'000}, Unit{"/m", 1'000, 60}, Unit{"/h", 1'000, 3'600}};
constexpr std::array bandwidth_units{Unit{"Tbit/s", 1'000'000'000'000},
                                     Unit{"GiB/s", 8LL << 30},
                                     Unit{"GB/s", 8'000'000'000},
                                     Unit{"Gbit/s", 1'000'000'000},
                                     Unit{"MiB/s", 8LL << 20},
                                     Unit{"MB/s", 8'000'000},
                                     Unit{"Mbit/s", 1'000'000},
                                     Unit{"KiB/s", 8LL << 10},
                                     Unit{"kB/s", 8'000},
                                     Unit{"kbit/s", 1'000},
                                     Unit{"B/s", 8},
                                     Unit{"bit/s", 1}};

constexpr std::array all_quantities{Quantity::duration, Quantity::ratio, Quantity::bytes, Quantity::rate,
                                    Quantity::bandwidth};

std::span<const Unit> units_of(Quantity quantity) {
  switch (quantity) {
    case Quantity::duration:
      return duration_units;
    case Quantity::ratio:
      return ratio_units;
    case Quantity::bytes:
      return bytes_units;
    case Quantity::rate:
      return rate_units;
    case Quantity::bandwidth:
      return bandwidth_units;
  }
  return {};
}

const Unit* find_unit(Quantity quantity, std::string_view name) {
  for (const Unit& unit : units_of(quantity)) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

/// What people write out of habit, and the spelling that is taken here.
std::string_view habit(std::string_view unit) {
  constexpr std::array<std::array<std::string_view, 2>, 31> habits{{
      {"sec", "s"},       {"secs", "s"},    {"second", "s"},    {"seconds", "s"},   {"S", "s"},
      {"min", "m"},       {"mins", "m"},    {"minutes", "m"},   {"hr", "h"},        {"hours", "h"},
      {"msec", "ms"},     {"µs", "us"},     {"usec", "us"},     {"day", "d"},       {"days", "d"},
      {"percent", "%"},   {"K", "KiB"},     {"KB", "kB"},       {"kb", "kB"},       {"M", "MiB"},
      {"G", "GiB"},       {"b", "B"},       {"rps", "/s"},      {"Hz", "/s"},       {"/sec", "/s"},
      {"/min", "/m"},     {"bps", "bit/s"}, {"kbps", "kbit/s"}, {"Kbps", "kbit/s"}, {"Mbps", "Mbit/s"},
      {"Gbps", "Gbit/s"},
  }};
  for (const auto& [wrong, right] : habits) {
    if (wrong == unit) return right;
  }
  return {};
}

/// `digits / 10^decimals`
struct Decimal {
  std::int64_t digits = 0;
  int decimals = 0;
  std::size_t length = 0;  ///< characters taken; 0: no number here
};

constexpr int most_digits = 18;  // what an int64 holds whatever the digits are

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Decimal take_decimal(std::string_view text) {
  Decimal out;
  int digits = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point && out.length > 0) {
      point = true;
    } else if (is_digit(c)) {
      if (++digits > most_digits) return {};
      out.digits = out.digits * 10 + (c - '0');
      if (point) ++out.decimals;
    } else {
      break;
    }
    ++out.length;
  }
  return out;
}

std::string examples(Quantity quantity, std::string_view number) {
  switch (quantity) {
    case Quantity::duration:
      return fmt::format("write \"{0}ms\" or \"{0}s\"", number);
    case Quantity::ratio:
      return fmt::format("write \"{}%\"", number);
    case Quantity::bytes:
      return fmt::format("write \"{0}B\" or \"{0}KiB\"", number);
    case Quantity::rate:
      return fmt::format("write \"{}/s\"", number);
    case Quantity::bandwidth:
      return fmt::format("write \"{}Mbit/s\"", number);
  }
  return {};
}

std::string units_text(Quantity quantity) {
  std::string names;
  for (const Unit& unit : units_of(quantity)) names = fmt::format("{}{}{}", unit.name, names.empty() ? "" : " ", names);
  return fmt::format("units of a {}: {}", word(quantity), names);
}

Complaint no_number(Quantity quantity, std::string_view text) {
  const std::string_view sample = quantity == Quantity::duration ? "250ms"
                                  : quantity == Quantity::ratio  ? "5%"
                                  : quantity == Quantity::bytes  ? "64KiB"
                                  : quantity == Quantity::rate   ? "400/s"
                                                                 : "10Mbit/s";
  return {fmt::format("'{}' is not a {}", text, word(quantity)),
          fmt::format("write a number and its unit, e.g. \"{}\"", sample)};
}

Complaint wrong_unit(Quantity quantity, std::string_view text, std::string_view number, std::string_view unit) {
  if (unit.empty()) return {fmt::format("'{}' has no unit", text), examples(quantity, number)};
  if (unit.front() == ' ') {
    const std::string_view rest =
        unit.substr(unit.find_first_not_of(' ') == unit.npos ? unit.size() : unit.find_first_not_of(' '));
    return {fmt::format("'{}' has a space before its unit", text), fmt::format("write \"{}{}\"", number, rest)};
  }
  for (const Quantity other : all_quantities) {
    if (other != quantity && find_unit(other, unit) != nullptr) {
      return {fmt::format("'{}' is a {}, but a {} belongs here", text, word(other), word(quantity)),
              units_text(quantity)};
    }
  }
  const std::string_view known = habit(unit);
  const bool fits = !known.empty() && find_unit(quantity, known) != nullptr;
  return {fmt::format("unknown unit '{}' in '{}'", unit, text),
          fits ? fmt::format("write \"{}{}\"", number, known) : units_text(quantity)};
}

constexpr std::int64_t power_of_ten(int exponent) {
  std::int64_t power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

/// The exact value in the quantity's base, or nothing when it is not a whole number of it.
std::optional<Wide> exact(const Decimal& number, const Unit& unit) {
  const Wide above = Wide{number.digits} * unit.numerator;
  const Wide below = Wide{power_of_ten(number.decimals)} * unit.denominator;
  if (above % below != 0) return std::nullopt;
  return above / below;
}

std::string_view base_name(Quantity quantity) {
  switch (quantity) {
    case Quantity::duration:
      return "1ns";
    case Quantity::ratio:
      return "1ppb";
    case Quantity::bytes:
      return "1B";
    case Quantity::rate:
      return "0.001/s";
    case Quantity::bandwidth:
      return "1bit/s";
  }
  return {};
}

std::string_view unit_at(std::string_view text) {
  std::size_t end = 0;
  while (end < text.size() && !is_digit(text[end]) && text[end] != '.') ++end;
  return text.substr(0, end);
}

/// Takes "NUMBER UNIT" from the front of `rest`; `last` is the unit before it in a sum, or nullptr.
Result<Wide> take_term(std::string_view text, std::string_view& rest, Quantity quantity, const Unit*& last) {
  const Decimal number = take_decimal(rest);
  if (number.length == 0) return no_number(quantity, text);
  const std::string_view digits = rest.substr(0, number.length);
  rest.remove_prefix(number.length);
  const std::string_view name = quantity == Quantity::duration ? unit_at(rest) : rest;
  const Unit* unit = find_unit(quantity, name);
  if (unit == nullptr || digits.ends_with('.')) return wrong_unit(quantity, text, digits, name);
  if (last != nullptr && unit->numerator >= last->numerator) {
    return Complaint{fmt::format("'{}' does not go from large units to small ones", text), "write e.g. \"1m30s\""};
  }
  rest.remove_prefix(name.size());
  last = unit;
  const std::optional<Wide> value = exact(number, *unit);
  if (value) return *value;
  return Complaint{
      fmt::format("'{}' is finer than {}, the smallest step of a {}", text, base_name(quantity), word(quantity)),
      "round it"};
}

Result<std::int64_t> parse(std::string_view text, Quantity quantity) {
  std::string_view rest = text;
  const bool negative = quantity == Quantity::duration && rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  if (rest.empty()) return no_number(quantity, text);
  Wide total = 0;
  const Unit* last = nullptr;
  while (!rest.empty()) {
    const Result<Wide> term = take_term(text, rest, quantity, last);
    if (!term) return term.error();
    total += *term;
    if (total > std::numeric_limits<std::int64_t>::max()) {
      return Complaint{fmt::format("'{}' is too large for a {}", text, word(quantity)), ""};
    }
  }
  const auto value = static_cast<std::int64_t>(total);
  return negative ? -value : value;
}

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

template <class T>
Result<T> as(Result<std::int64_t> result) {
  if (!result) return result.error();
  return T{*result};
}

}  // namespace

std::string_view word(Quantity quantity) {
  switch (quantity) {
    case Quantity::duration:
      return "duration";
    case Quantity::ratio:
      return "ratio";
    case Quantity::bytes:
      return "size";
    case Quantity::rate:
      return "rate";
    case Quantity::bandwidth:
      return "bandwidth";
  }
  return {};
}

std::vector<std::string> unit_names(Quantity quantity) {
  std::vector<std::string> names;
  for (const Unit& unit : units_of(quantity)) names.emplace_back(unit.name);
  return names;
}

Result<Duration> parse_duration(std::string_view text) { return as<Duration>(parse(text, Quantity::duration)); }
Result<Ratio> parse_ratio(std::string_view text) { return as<Ratio>(parse(text, Quantity::ratio)); }
Result<Bytes> parse_bytes(std::string_view text) { return as<Bytes>(parse(text, Quantity::bytes)); }
Result<Rate> parse_rate(std::string_view text) { return as<Rate>(parse(text, Quantity::rate)); }
Result<Bandwidth> parse_bandwidth(std::string_view text) { return as<Bandwidth>(parse(text, Quantity::bandwidth)); }

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
