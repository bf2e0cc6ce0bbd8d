#include "spec/read/pattern.hpp"

#include <algorithm>
#include <stdexcept>

#include <fmt/format.h>

#include "spec/pattern.hpp"

namespace withstand::spec {
namespace {

constexpr std::size_t longest_pattern = 1000;
constexpr std::size_t longest_name = 64;

bool letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

}  // namespace

void check_pattern(const Item& item, Report& report) {
  if (item.type != Item::Type::text) return;
  if (item.text.size() > longest_pattern) {
    return report.error(item, fmt::format("a regular expression has at most {} characters", longest_pattern));
  }
  try {
    const Pattern compiled(item.text);
  } catch (const std::invalid_argument& error) {
    report.error(item, error.what());
  }
}

void check_url(const Item& item, Report& report) {
  if (item.type != Item::Type::text) return;
  if (item.text.starts_with("https://")) return report.error(item, "https is not built yet", "write http://");
  if (!item.text.starts_with("http://")) {
    report.error(item, fmt::format("'{}' is not a URL", item.text), "write e.g. \"http://{node}:{port}/health\"");
  }
}

void check_name(const Item& item, Report& report) {
  if (item.type != Item::Type::text) return;
  const std::string& name = item.text;
  const bool allowed = std::all_of(name.begin(), name.end(),
                                   [](char c) { return letter_or_digit(c) || c == '-' || c == '_' || c == '.'; });
  if (name.empty() || name.size() > longest_name || !letter_or_digit(name.front()) || !allowed) {
    report.error(item, fmt::format("'{}' cannot be a name", name),
                 "letters, digits, '-', '_' and '.', beginning with a letter or digit, at most 64");
  }
}

}  // namespace withstand::spec
