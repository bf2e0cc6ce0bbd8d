#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "spec/unit_table.hpp"

namespace withstand::spec {
namespace {

/// What people write out of habit, and the spelling that is taken here.
std::string_view habit(std::string_view unit) {
  constexpr std::array<std::array<std::string_view, 2>, 34> habits{{
      {"sec", "s"},       {"secs", "s"},    {"second", "s"},    {"seconds", "s"},   {"S", "s"},
      {"min", "m"},       {"mins", "m"},    {"minutes", "m"},   {"hr", "h"},        {"hours", "h"},
      {"msec", "ms"},     {"µs", "us"},     {"usec", "us"},     {"day", "d"},       {"days", "d"},
      {"percent", "%"},   {"K", "KiB"},     {"KB", "kB"},       {"kb", "kB"},       {"M", "MiB"},
      {"G", "GiB"},       {"b", "B"},       {"rps", "/s"},      {"Hz", "/s"},       {"/sec", "/s"},
      {"/min", "/m"},     {"bps", "bit/s"}, {"kbps", "kbit/s"}, {"Kbps", "kbit/s"}, {"Mbps", "Mbit/s"},
      {"Gbps", "Gbit/s"}, {"ops/s", "/s"},  {"op/s", "/s"},     {"req/s", "/s"},
  }};
  for (const auto& [wrong, right] : habits) {
    if (wrong == unit) return right;
  }
  return {};
}

/// A number below one may be meant as a fraction of one: both readings are shown.
std::string ratio_example(std::string_view number) {
  const Decimal value = take_decimal(number);
  const bool fraction = value.decimals > 0 && value.digits > 0 && value.digits < power_of_ten(value.decimals);
  if (!fraction || value.too_long || value.digits > power_of_ten(most_digits - 2))
    return fmt::format("write \"{}%\"", number);
  const std::int64_t percent = value.digits * 100;
  const std::int64_t one = power_of_ten(value.decimals);
  std::string rest = fmt::format("{:0{}}", percent % one, value.decimals);
  while (rest.ends_with('0')) rest.pop_back();
  return fmt::format("write \"{}{}{}%\", or \"{}%\" if that is what is meant", percent / one, rest.empty() ? "" : ".",
                     rest, number);
}

std::string examples(Quantity quantity, std::string_view number) {
  switch (quantity) {
    case Quantity::duration:
      return fmt::format("write \"{0}ms\" or \"{0}s\"", number);
    case Quantity::ratio:
      return ratio_example(number);
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

}  // namespace

Complaint too_long(Quantity quantity, std::string_view text, const Decimal& number, const Unit& unit) {
  // The least number of so many digits, in the base: beyond 18 more zeros it is too large in any unit.
  const int zeros = number.whole_digits - 1;
  // As a floating-point number: it need not fit into any integer, and only its magnitude is asked for.
  const long double least = std::pow(10.0L, static_cast<long double>(std::min(zeros, 2 * most_digits)));
  const bool too_large =
      zeros >= 0 && least * static_cast<long double>(unit.numerator) / static_cast<long double>(unit.denominator) >
                        static_cast<long double>(std::numeric_limits<std::int64_t>::max());
  if (too_large) return {fmt::format("'{}' is too large for a {}", text, word(quantity)), ""};
  return {fmt::format("'{}' has more than {} digits", text, most_digits), "round it, or write it in another unit"};
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
    const std::string_view known = habit(rest), meant = known.empty() ? rest : known;
    return {fmt::format("'{}' has a space before its unit", text), find_unit(quantity, meant) != nullptr
                                                                       ? fmt::format("write \"{}{}\"", number, meant)
                                                                       : units_text(quantity)};
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

}  // namespace withstand::spec
