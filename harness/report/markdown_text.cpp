#include <algorithm>

#include "report/markdown.hpp"
#include "report/text.hpp"

namespace withstand::report {
namespace {

constexpr int most_columns = 600;  ///< of one text: a report is read by people

std::size_t longest_run_of_backticks(std::string_view text) {
  std::size_t longest = 0, here = 0;
  for (const char c : text) {
    here = c == '`' ? here + 1 : 0;
    longest = std::max(longest, here);
  }
  return longest;
}

}  // namespace

std::string markdown_text(std::string_view text) {
  std::string out;
  for (const char c : elide(printable(text), most_columns)) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '@':
        out += "&#64;";
        break;
      case '#':
        out += "&#35;";
        break;
      case '\\':
      case '`':
      case '*':
      case '_':
      case '[':
      case ']':
      case '|':
      case '~':
      case '$':
      case '!':
        out += '\\';
        [[fallthrough]];
      default:
        out += c;
    }
  }
  return out;
}

std::string markdown_code(std::string_view text) {
  std::string inside;
  for (const char c : elide(printable(text), most_columns)) {
    if (c == '|') inside += '\\';  // tables are cut at bars before code spans are seen
    inside += c;
  }
  if (inside.find_first_not_of(' ') == std::string::npos) return "";
  const std::string fence(longest_run_of_backticks(inside) + 1, '`');
  const bool apart = inside.front() == '`' || inside.back() == '`' || inside.front() == ' ';
  return fence + (apart ? " " : "") + inside + (apart ? " " : "") + fence;
}

std::string markdown_block(const std::vector<std::string>& lines, std::string_view language) {
  std::string inside;
  for (const std::string& line : lines) inside += elide(printable(line), most_columns) + "\n";
  const std::string fence(std::max<std::size_t>(3, longest_run_of_backticks(inside) + 1), '`');
  return fence + std::string(language) + "\n" + inside + fence + "\n";
}

}  // namespace withstand::report
