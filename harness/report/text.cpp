#include "report/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>

#include "record/utf8.hpp"

namespace withstand::report {
namespace {

struct Range {
  char32_t first, last;
};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, char32_t value) {
  return std::any_of(ranges.begin(), ranges.end(), [&](Range r) { return value >= r.first && value <= r.last; });
}

/// Characters that act on the text around them: C0 and C1 controls, line separators, zero-width and bidirectional
/// formatting (the "Trojan Source" set, CVE-2021-42574), interlinear annotation, tags.
constexpr std::array<Range, 9> acting{{{0x00, 0x1F},
                                       {0x7F, 0x9F},
                                       {0x061C, 0x061C},
                                       {0x200B, 0x200F},
                                       {0x2028, 0x202E},
                                       {0x2060, 0x206F},
                                       {0xFEFF, 0xFEFF},
                                       {0xFFF9, 0xFFFB},
                                       {0xFFFE, 0xFFFF}}};
constexpr std::array<Range, 4> combining{{{0x0300, 0x036F}, {0x1AB0, 0x1AFF}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}}};
/// East Asian Width W and F (Unicode Standard Annex 11), by block.
constexpr std::array<Range, 10> wide{{{0x1100, 0x115F},
                                      {0x2E80, 0x303E},
                                      {0x3041, 0xA4CF},
                                      {0xAC00, 0xD7A3},
                                      {0xF900, 0xFAFF},
                                      {0xFE30, 0xFE6F},
                                      {0xFF00, 0xFF60},
                                      {0xFFE0, 0xFFE6},
                                      {0x1F300, 0x1FAFF},
                                      {0x20000, 0x3FFFD}}};

int columns_of(char32_t value) {
  if (value < 0x300) return 1;
  if (within(combining, value)) return 0;
  return within(wide, value) ? 2 : 1;
}

/// How many bytes from the start fit into so many columns, combining characters after the last one included.
std::size_t bytes_within(std::string_view text, int width) {
  std::size_t at = 0;
  while (at < text.size()) {
    const record::CodePoint point = record::decode_utf8(text, at);
    width -= columns_of(point.value);
    if (width < 0) break;
    at += point.size;
  }
  return at;
}

std::string escaped(char32_t value) {
  if (value == '\n') return "\\n";
  if (value == '\r') return "\\r";
  if (value == '\t') return "\\t";
  const auto number = static_cast<std::uint32_t>(value);
  return value < 0x80 ? fmt::format("\\x{:02x}", number) : fmt::format("\\u{{{:x}}}", number);
}

struct StandIn {
  char32_t value;
  std::string_view ascii;
};

constexpr std::array stand_ins{StandIn{U'\u00a0', " "}, StandIn{U'→', "->"}, StandIn{U'←', "<-"}, StandIn{U'↔', "<->"},
                               StandIn{U'±', "+-"},     StandIn{U'µ', "u"},  StandIn{U'μ', "u"},  StandIn{U'…', "..."},
                               StandIn{U'✓', "+"},      StandIn{U'✗', "x"},  StandIn{U'·', "-"},  StandIn{U'–', "-"},
                               StandIn{U'—', "-"},      StandIn{U'─', "-"},  StandIn{U'×', "x"},  StandIn{U'≤', "<="},
                               StandIn{U'≥', ">="},     StandIn{U'≠', "!="}, StandIn{U'‘', "'"},  StandIn{U'’', "'"},
                               StandIn{U'“', "\""},     StandIn{U'”', "\""}};

std::string_view stand_in(char32_t value) {
  const auto* found =
      std::find_if(stand_ins.begin(), stand_ins.end(), [&](const StandIn& one) { return one.value == value; });
  return found != stand_ins.end() ? found->ascii : "?";
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const record::CodePoint point = record::decode_utf8(text, at);
    at += point.size;
    if (within(acting, point.value)) {
      out += escaped(point.value);
    } else {
      record::append_utf8(out, point.value);
    }
  }
  return out;
}

std::string to_ascii(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const record::CodePoint point = record::decode_utf8(text, at);
    at += point.size;
    if (point.value < 0x80) {
      out += static_cast<char>(point.value);
    } else {
      out += stand_in(point.value);
    }
  }
  return out;
}

int columns(std::string_view text) {
  int total = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '\x1b') {
      at = std::min(text.find('m', at), text.size() - 1) + 1;
      continue;
    }
    const record::CodePoint point = record::decode_utf8(text, at);
    at += point.size;
    total += columns_of(point.value);
  }
  return total;
}

std::string elide(std::string_view text, int width, std::string_view mark) {
  if (bytes_within(text, width) == text.size()) return std::string(text);
  if (columns(mark) > width) return std::string(text.substr(0, bytes_within(text, width)));
  return std::string(text.substr(0, bytes_within(text, width - columns(mark)))) + std::string(mark);
}

std::string pad(std::string text, int width) {
  const int missing = width - columns(text);
  if (missing > 0) text.append(static_cast<std::size_t>(missing), ' ');
  return text;
}

std::string pad_left(std::string text, int width) {
  const int missing = width - columns(text);
  if (missing > 0) text.insert(0, static_cast<std::size_t>(missing), ' ');
  return text;
}

std::vector<std::string> wrap(std::string_view text, int width) {
  std::vector<std::string> lines;
  while (true) {
    const std::size_t fits = bytes_within(text, std::max(width, 8));
    if (fits == text.size()) break;
    const std::size_t space = text[fits] == ' ' ? fits : text.substr(0, fits).rfind(' ');
    const std::size_t end = space != std::string_view::npos && space > 0 ? space : fits;
    lines.emplace_back(text.substr(0, text.find_last_not_of(' ', end - 1) + 1));
    text.remove_prefix(end);
    text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  }
  if (!text.empty() || lines.empty()) lines.emplace_back(text);
  return lines;
}

std::string join(const std::vector<std::string>& items, std::string_view separator) {
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += separator;
    out += items[i];
  }
  return out;
}

}  // namespace withstand::report
