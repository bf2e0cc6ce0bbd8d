#include "tidy/scan.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <regex>

#include "tidy/tree.hpp"

namespace withstand::tidy {

namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Overwrites text[from, to) with spaces, newlines excepted.
void blank(std::string& text, std::size_t from, std::size_t to) {
  for (auto i = from; i < std::min(to, text.size()); ++i)
    if (text[i] != '\n') text[i] = ' ';
}

/// Past the end of a literal that starts at `start` and is quoted by text[start].
std::size_t end_of_literal(std::string_view text, std::size_t start) {
  for (auto i = start + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == text[start]) {
      return i + 1;
    }
  }
  return text.size();
}

/// Past the end of R"x(...)x" whose quote is at `quote`.
std::size_t end_of_raw(std::string_view text, std::size_t quote) {
  const auto open = text.find('(', quote);
  if (open == std::string_view::npos) return text.size();
  const auto close = ")" + std::string(text.substr(quote + 1, open - quote - 1)) + "\"";
  const auto end = text.find(close, open);
  return end == std::string_view::npos ? text.size() : end + close.size();
}

/// What a '{' at namespace or class scope opens, from the text since the last ';', '{' or '}'.
enum class Opening { scope, function, other };

bool has_word(std::string_view head, std::string_view word) {
  for (auto i = head.find(word); i != std::string_view::npos; i = head.find(word, i + 1)) {
    const auto after = i + word.size();
    if ((i == 0 || !is_word(head[i - 1])) && (after == head.size() || !is_word(head[after]))) return true;
  }
  return false;
}

std::string last_word(std::string_view head) {
  auto end = head.size();
  while (end > 0 && !is_word(head[end - 1])) --end;
  auto start = end;
  while (start > 0 && is_word(head[start - 1])) --start;
  return std::string(head.substr(start, end - start));
}

Opening classify(std::string_view head) {
  while (!head.empty() && std::isspace(static_cast<unsigned char>(head.back())) != 0) head.remove_suffix(1);
  const auto parenthesis = head.find('(');
  const auto before = head.substr(0, parenthesis);
  const bool defines = before.find('=') == std::string_view::npos || has_word(before, "operator");
  if (parenthesis == std::string_view::npos) {
    static constexpr std::array scopes{"namespace", "class", "struct", "union", "enum", "extern", "requires"};
    const bool scope = std::any_of(scopes.begin(), scopes.end(), [&](const char* s) { return has_word(head, s); });
    return scope && defines ? Opening::scope : Opening::other;
  }
  if (!defines) return Opening::other;
  if (has_word(before, "class") || has_word(before, "struct")) return Opening::scope;  // alignas(...), attributes
  if (head.back() == ')' || head.back() == '}') return Opening::function;
  const auto tail = head.substr(head.rfind(')') + 1);
  static constexpr std::array words{"const", "override", "final", "noexcept", "mutable", "try"};
  const auto word = last_word(tail);
  if (tail.find("->") != std::string_view::npos || std::find(words.begin(), words.end(), word) != words.end())
    return Opening::function;
  return Opening::other;  // a member's initialiser: Thing() : member{...}
}

std::size_t matching_brace(std::string_view code, std::size_t open) {
  int depth = 0;
  for (auto i = open; i < code.size(); ++i) {
    if (code[i] == '{') ++depth;
    if (code[i] == '}' && --depth == 0) return i;
  }
  return code.size() - 1;
}

}  // namespace

std::string blank_literals(std::string_view text) {
  std::string code(text);
  for (std::size_t i = 0; i < text.size();) {
    std::size_t end = i;
    if (text.substr(i, 2) == "//") {
      end = std::min(text.find('\n', i), text.size());
    } else if (text.substr(i, 2) == "/*") {
      const auto close = text.find("*/", i + 2);
      end = close == std::string_view::npos ? text.size() : close + 2;
    } else if (text[i] == '"') {
      end = i > 0 && text[i - 1] == 'R' ? end_of_raw(text, i) : end_of_literal(text, i);
    } else if (text[i] == '\'' && (i == 0 || !is_word(text[i - 1]))) {  // 10'000 is a number
      end = end_of_literal(text, i);
    }
    blank(code, i, end);
    i = std::max(end, i + 1);
  }
  return code;
}

std::vector<Function> functions(std::string_view text) {
  auto code = blank_literals(text);
  for (std::size_t i = 0; (i = code.find('#', i)) != std::string::npos;) {  // directives take part in no statement
    auto end = code.find('\n', i);
    while (end != std::string::npos && end > 0 && code[end - 1] == '\\') end = code.find('\n', end + 1);
    blank(code, i, std::min(end, code.size()));
  }
  std::vector<Function> found;
  std::size_t head = 0;
  for (std::size_t i = 0; i < code.size(); ++i) {
    if (code[i] == ';' || code[i] == '}') head = i + 1;
    if (code[i] != '{') continue;
    const auto statement = std::string_view(code).substr(head, i - head);
    const auto opening = classify(statement);
    if (opening == Opening::scope) {
      head = i + 1;
      continue;
    }
    const auto close = matching_brace(code, i);
    if (opening == Opening::function) {
      const auto first = code.find_first_not_of(" \n\t", head);
      const auto line = line_at(code, first);
      const auto name = last_word(statement.substr(0, statement.find('(')));
      found.push_back({name, line, line_at(code, close) - line + 1});
      head = close + 1;
    }
    i = close;
  }
  return found;
}

std::vector<Include> includes(std::string_view text) {
  static const std::regex pattern(R"(^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"])");
  std::vector<Include> found;
  std::size_t line = 0;
  for (std::size_t start = 0; start < text.size();) {
    const auto end = std::min(text.find('\n', start), text.size());
    const std::string one(text.substr(start, end - start));
    std::smatch match;
    ++line;
    if (std::regex_search(one, match, pattern)) found.push_back({match[2], match[1] == "\"", line});
    start = end + 1;
  }
  return found;
}

}  // namespace withstand::tidy
