#include <algorithm>
#include <cmath>
#include <sstream>

#include <fmt/format.h>

#include "spec/read/table_reader.hpp"

namespace withstand::spec {
namespace {

void wrong_type(const Item& item, const std::string& what, std::string_view wanted, Report& report,
                std::string help = "") {
  report.error(item, fmt::format("{} must be {}, not {}", what, wanted, type_word(item.type)), std::move(help));
}

bool looks_like_integer(const std::string& text) {
  const std::size_t start = text.starts_with('-') ? 1 : 0;
  return text.size() > start && text.find_first_not_of("0123456789", start) == text.npos;
}

/// A string with a unit. A bare number gets the complaint that the parser has for its digits.
template <class T>
std::optional<T> with_unit(const Item& item, const std::string& what, Report& report,
                           Result<T> (*parse)(std::string_view), Quantity quantity) {
  const bool bare = item.type == Item::Type::integer || (item.type == Item::Type::number && std::isfinite(item.number));
  if (bare) {
    const Result<T> parsed =
        parse(item.type == Item::Type::integer ? fmt::format("{}", item.integer) : fmt::format("{}", item.number));
    report.error(item, fmt::format("{} is a bare number; a {} has a unit", what, word(quantity)),
                 parsed ? "" : parsed.error().help);
    return std::nullopt;
  }
  if (item.type != Item::Type::text) {
    wrong_type(item, what, fmt::format("a {} in quotes", word(quantity)), report, parse("x").error().help);
    return std::nullopt;
  }
  Result<T> parsed = parse(item.text);
  if (parsed) return *parsed;
  report.complain(item, parsed.error(), what + ": ");
  return std::nullopt;
}

template <class T>
std::optional<T> within(std::optional<T> value, const Item& item, const std::string& what, Report& report,
                        Range<T> range) {
  if (!value) return std::nullopt;
  const auto show = [](const T& bound) {
    if constexpr (std::is_same_v<T, std::int64_t>) {
      return fmt::format("{}", bound);
    } else {
      return to_text(bound);
    }
  };
  if (*value < range.lowest) {
    report.error(item, fmt::format("{} is {}, below the least it can be: {}", what, show(*value), show(range.lowest)));
    return std::nullopt;
  }
  if (*value > range.highest) {
    report.error(item, fmt::format("{} is {}, above the most it can be: {}", what, show(*value), show(range.highest)));
    return std::nullopt;
  }
  return value;
}

/// A word that means itself to a shell and to TOML. Braces are ours: placeholders.
bool is_simple_word(std::string_view word, bool first) {
  constexpr std::string_view special = "|&;<>()$`\\\"'*?[]#~!";
  const bool control =
      std::any_of(word.begin(), word.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
  return !control && word.find_first_of(special) == word.npos && !(first && word.find('=') != word.npos);
}

/// A text in TOML's quotes.
std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    else
      out += c;
  }
  return out + '"';
}

/// A command line as the array that does the same: its words, or a shell where it needs one.
std::string as_command_array(const std::string& line) {
  std::string words;
  std::istringstream split(line);
  for (std::string word; split >> word;) {
    if (!is_simple_word(word, words.empty())) return fmt::format("[\"sh\", \"-c\", {}]", quoted_text(line));
    words += (words.empty() ? "" : ", ") + quoted_text(word);
  }
  return "[" + words + "]";
}

}  // namespace

std::optional<std::string> as_text(const Item& item, const std::string& what, Report& report) {
  if (item.type == Item::Type::text) return item.text;
  wrong_type(item, what, "a string", report,
             item.type == Item::Type::array ? "" : fmt::format("write \"{}\"", canonical(item)));
  return std::nullopt;
}

std::optional<bool> as_boolean(const Item& item, const std::string& what, Report& report) {
  if (item.type == Item::Type::boolean) return item.boolean;
  wrong_type(item, what, "true or false", report);
  return std::nullopt;
}

std::optional<std::int64_t> as_integer(const Item& item, const std::string& what, Report& report,
                                       Range<std::int64_t> range) {
  if (item.type == Item::Type::integer) return within(std::optional(item.integer), item, what, report, range);
  const bool quoted = item.type == Item::Type::text && looks_like_integer(item.text);
  wrong_type(item, what, "an integer", report, quoted ? fmt::format("write {} without quotes", item.text) : "");
  return std::nullopt;
}

std::optional<double> as_number(const Item& item, const std::string& what, Report& report) {
  if (item.type == Item::Type::integer) return static_cast<double>(item.integer);
  if (item.type == Item::Type::number && std::isfinite(item.number)) return item.number;
  wrong_type(item, what, "a finite number", report);
  return std::nullopt;
}

std::optional<Duration> as_duration(const Item& item, const std::string& what, Report& report, Range<Duration> range) {
  return within(with_unit(item, what, report, parse_duration, Quantity::duration), item, what, report, range);
}

std::optional<Ratio> as_ratio(const Item& item, const std::string& what, Report& report) {
  return with_unit(item, what, report, parse_ratio, Quantity::ratio);
}

std::optional<Bytes> as_bytes(const Item& item, const std::string& what, Report& report, Range<Bytes> range) {
  return within(with_unit(item, what, report, parse_bytes, Quantity::bytes), item, what, report, range);
}

std::optional<Rate> as_rate(const Item& item, const std::string& what, Report& report) {
  return with_unit(item, what, report, parse_rate, Quantity::rate);
}

std::optional<Bandwidth> as_bandwidth(const Item& item, const std::string& what, Report& report) {
  return with_unit(item, what, report, parse_bandwidth, Quantity::bandwidth);
}

std::vector<const Item*> as_strings(const Item& item, const std::string& what, Report& report) {
  std::vector<const Item*> out;
  if (item.type != Item::Type::array) {
    const std::string help = item.type == Item::Type::text ? fmt::format("write [\"{}\"]", item.text) : "";
    wrong_type(item, what, "an array of strings", report, help);
    return out;
  }
  for (const Item& element : item.items) {
    if (as_text(element, "an element of " + what, report)) out.push_back(&element);
  }
  return out;
}

std::vector<const Item*> as_command(const Item& item, const std::string& what, Report& report) {
  if (item.type != Item::Type::text || item.text.find_first_not_of(" \t\n") == std::string::npos)
    return as_strings(item, what, report);
  wrong_type(item, what, "an array of strings", report, "write " + as_command_array(item.text));
  return {};
}

}  // namespace withstand::spec
