#include "spec/units.hpp"

#include <limits>
#include <optional>

#include <fmt/format.h>

#include "spec/unit_table.hpp"

namespace withstand::spec {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

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
  if (number.too_long) return too_long(quantity, text, number, *unit);
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

template <class T>
Result<T> as(Result<std::int64_t> result) {
  if (!result) return result.error();
  return T{*result};
}

}  // namespace

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

Decimal take_decimal(std::string_view text) {
  Decimal out;
  int digits = 0;
  bool point = false;
  for (const char c : text) {
    if (c == '.' && !point && out.length > 0) {
      point = true;
    } else if (is_digit(c)) {
      if (!point && (c != '0' || out.whole_digits > 0)) ++out.whole_digits;
      out.too_long = ++digits > most_digits;
      if (!out.too_long) {
        out.digits = out.digits * 10 + (c - '0');
        if (point) ++out.decimals;
      }
    } else {
      break;
    }
    ++out.length;
  }
  return out;
}

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
  names.reserve(units_of(quantity).size());
  for (const Unit& unit : units_of(quantity)) names.emplace_back(unit.name);
  return names;
}

Result<Duration> parse_duration(std::string_view text) { return as<Duration>(parse(text, Quantity::duration)); }
Result<Ratio> parse_ratio(std::string_view text) { return as<Ratio>(parse(text, Quantity::ratio)); }
Result<Bytes> parse_bytes(std::string_view text) { return as<Bytes>(parse(text, Quantity::bytes)); }
Result<Rate> parse_rate(std::string_view text) { return as<Rate>(parse(text, Quantity::rate)); }
Result<Bandwidth> parse_bandwidth(std::string_view text) { return as<Bandwidth>(parse(text, Quantity::bandwidth)); }

std::string ordinal(std::int64_t number) {
  const std::int64_t last = number % 10;
  const bool teen = number % 100 / 10 == 1;
  return std::to_string(number) + (teen || last == 0 || last > 3 ? "th" : last == 1 ? "st" : last == 2 ? "nd" : "rd");
}

}  // namespace withstand::spec
