#include "load/options.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "spec/diagnostic.hpp"
#include "spec/units.hpp"

namespace withstand::load {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t value = 0;
  text = trim(text);
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

/// "7" or "7-9".
std::optional<std::pair<std::int64_t, std::int64_t>> range_of(std::string_view text) {
  const auto dash = text.find('-');
  const auto low = whole_number(text.substr(0, dash));
  const auto high = dash == std::string_view::npos ? low : whole_number(text.substr(dash + 1));
  if (!low || !high || *low > *high) return std::nullopt;
  return std::pair{*low, *high};
}

}  // namespace

Options::Options(std::string driver, const std::map<std::string, std::string>& given)
    : driver_(std::move(driver)), given_(given) {}

const std::string* Options::find(const std::string& name) {
  known_.push_back(name);
  const auto it = given_.find(name);
  return it == given_.end() ? nullptr : &it->second;
}

std::string Options::text(const std::string& name, const std::string& fallback) {
  const std::string* given = find(name);
  return given ? *given : fallback;
}

std::string Options::choice(const std::string& name, const std::vector<std::string>& choices) {
  const std::string* given = find(name);
  if (!given) return choices.front();
  if (std::find(choices.begin(), choices.end(), *given) != choices.end()) return *given;
  complain(fmt::format("option '{}' of driver '{}' cannot be '{}'", name, driver_, *given),
           fmt::format("it is one of: {}", fmt::join(choices, ", ")));
  return choices.front();
}

std::chrono::nanoseconds Options::duration(const std::string& name, std::chrono::nanoseconds fallback) {
  const std::string* given = find(name);
  if (!given) return fallback;
  const auto read = spec::parse_duration(*given);
  if (read && read->count() > 0) return *read;
  complain(fmt::format("option '{}' of driver '{}' is no duration: '{}'", name, driver_, *given),
           read ? "it must be longer than nothing" : read.error().message);
  return fallback;
}

std::int64_t Options::number(const std::string& name, std::int64_t fallback, std::int64_t least,
                             std::int64_t greatest) {
  const std::string* given = find(name);
  if (!given) return fallback;
  const auto value = whole_number(*given);
  if (value && *value >= least && *value <= greatest) return *value;
  complain(fmt::format("option '{}' of driver '{}' cannot be '{}'", name, driver_, *given),
           fmt::format("it is a number from {} to {}", least, greatest));
  return fallback;
}

std::set<std::int64_t> Options::numbers(const std::string& name, std::string_view fallback, std::int64_t least,
                                        std::int64_t greatest) {
  const std::string* given = find(name);
  std::string_view rest = given ? std::string_view(*given) : fallback;
  std::set<std::int64_t> out;
  while (!trim(rest).empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    const auto range = range_of(rest.substr(0, comma));
    if (!range || range->first < least || range->second > greatest) {
      complain(fmt::format("option '{}' of driver '{}' holds '{}'", name, driver_, trim(rest.substr(0, comma))),
               fmt::format("numbers from {} to {} with commas between them, or ranges: 200, 400-403", least, greatest));
      return out;
    }
    for (auto number = range->first; number <= range->second; ++number) out.insert(number);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return out;
}

void Options::complain(std::string message, std::string help) {
  complaints_.push_back({std::move(message), std::move(help)});
}

std::vector<spec::Complaint> Options::finish() {
  for (const auto& [name, value] : given_) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    const auto near = spec::nearest(name, known_);
    complain(fmt::format("driver '{}' has no option '{}'", driver_, name),
             near.empty() ? fmt::format("its options: {}", fmt::join(known_, ", "))
                          : fmt::format("did you mean '{}'?", near));
  }
  return std::move(complaints_);
}

}  // namespace withstand::load
