#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

/// How a report for people may look. Decided by the caller; nothing here asks the system. Pure functions and values.
namespace withstand::report {

struct Style {
  bool colour = false;
  bool unicode = true;  ///< false: ticks, arrows and any other text in plain ASCII
  int width = 100;      ///< columns; lines are wrapped or cut to it, except commands to copy
};

/// The value of --color.
enum class ColourWish { automatic, always, never };
std::optional<ColourWish> parse_colour_wish(std::string_view text);  ///< "auto", "always", "never"

/// Looks up an environment variable; nothing when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The wish, else NO_COLOR (https://no-color.org: set and not empty), else CLICOLOR_FORCE or FORCE_COLOR (set, not
/// empty, and not "0" or "false"), else a terminal that is not TERM=dumb, unless CLICOLOR=0
/// (https://bixense.com/clicolors).
bool choose_colour(ColourWish wish, const Environment& environment, bool is_terminal);

/// Whether the locale is a UTF-8 one: the first of LC_ALL, LC_CTYPE, LANG that is set and not empty
/// (POSIX.1-2017, 8.2).
bool choose_unicode(const Environment& environment);

/// Whether a line may be rewritten in place.
bool choose_live(const Environment& environment, bool is_terminal);

}  // namespace withstand::report
