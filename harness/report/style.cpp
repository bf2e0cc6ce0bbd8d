#include "report/style.hpp"

#include <algorithm>

namespace withstand::report {
namespace {

std::string value_of(const Environment& environment, const std::string& name) {
  return environment ? environment(name).value_or("") : "";
}

bool forces(const std::string& value) { return !value.empty() && value != "0" && value != "false"; }

}  // namespace

std::optional<ColourWish> parse_colour_wish(std::string_view text) {
  if (text == "auto") return ColourWish::automatic;
  if (text == "always") return ColourWish::always;
  if (text == "never") return ColourWish::never;
  return std::nullopt;
}

bool choose_colour(ColourWish wish, const Environment& environment, bool is_terminal) {
  if (wish != ColourWish::automatic) return wish == ColourWish::always;
  if (!value_of(environment, "NO_COLOR").empty()) return false;
  if (forces(value_of(environment, "CLICOLOR_FORCE")) || forces(value_of(environment, "FORCE_COLOR"))) return true;
  return choose_live(environment, is_terminal) && value_of(environment, "CLICOLOR") != "0";
}

bool choose_unicode(const Environment& environment) {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    std::string value = value_of(environment, name);
    if (value.empty()) continue;
    std::transform(value.begin(), value.end(), value.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
    return value.find("utf-8") != std::string::npos || value.find("utf8") != std::string::npos;
  }
  return false;
}

bool choose_live(const Environment& environment, bool is_terminal) {
  return is_terminal && value_of(environment, "TERM") != "dumb";
}

}  // namespace withstand::report
