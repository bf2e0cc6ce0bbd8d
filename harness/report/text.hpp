#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Texts from a run (log lines, titles, error messages) are not to be trusted: everything that is printed goes through
/// `printable` first. Pure functions; texts are UTF-8.
namespace withstand::report {

/// On one line and harmless to a terminal: invalid UTF-8 becomes U+FFFD; control characters, line and paragraph
/// separators and characters that reorder or hide text become visible escapes (\n, \x1b, \u{202e}).
std::string printable(std::string_view text);

/// Plain ASCII: arrows, ticks, dashes, ± and µ get their usual stand-ins, anything else a '?'.
std::string to_ascii(std::string_view text);

/// Columns that a terminal gives it: wide characters count two, combining ones none, our own colour sequences none.
int columns(std::string_view text);

/// Cut to `width` columns, ending in `mark` when something was cut off. `text` must hold no colour sequences.
std::string elide(std::string_view text, int width, std::string_view mark = "…");

/// Filled up with spaces to `width` columns.
std::string pad(std::string text, int width);
std::string pad_left(std::string text, int width);

/// Broken at spaces into lines of at most `width` columns (at least 8); a longer word is cut. At least one line. `text`
/// must hold no colour sequences.
std::vector<std::string> wrap(std::string_view text, int width);

std::string join(const std::vector<std::string>& items, std::string_view separator);

/// "843µs", "12.4ms", "3.21s", "3m20s": three significant digits, fewer where they are zeros and the time is exact
/// ("15s"). Nanoseconds; negative gives a minus sign.
std::string human_time(std::int64_t nanoseconds);
/// The same, always with three digits, for columns of measurements.
std::string measured_time(std::int64_t nanoseconds);
/// Seconds with exactly three decimals, as a time on the run's clock: "12.345".
std::string clock_time(std::int64_t nanoseconds);
/// 1234567 → "1,234,567".
std::string grouped(std::uint64_t number);
/// part of whole as "98.1%"; never "100%" or "0%" unless it is exactly that. "-" when whole is 0.
std::string percent(std::uint64_t part, std::uint64_t whole);
/// "1 run", "2 runs".
std::string counted(std::uint64_t number, std::string_view noun);

}  // namespace withstand::report
