#include "check/history/scanner.hpp"

#include <cctype>
#include <charconv>
#include <cstdlib>
#include <vector>

#include <fmt/format.h>

namespace withstand::check {

namespace {

constexpr int deepest = 64;

bool is_blank(char c, bool json) { return c == ' ' || c == '\t' || c == '\r' || (c == ',' && !json); }

bool ends_token(char c) {
  const std::string_view delimiters = " \t\r\n,()[]{}\"";
  return c == ';' || delimiters.find(c) != std::string_view::npos;
}

void add_utf8(std::string& out, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) return add(code);
  if (code < 0x800) {
    add(0xc0 | code >> 6);
  } else if (code < 0x10000) {
    add(0xe0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3f));
  } else {
    add(0xf0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3f));
    add(0x80 | (code >> 6 & 0x3f));
  }
  add(0x80 | (code & 0x3f));
}

std::string shown(char c) {
  return std::isprint(static_cast<unsigned char>(c)) != 0 ? fmt::format("'{}'", c)
                                                          : fmt::format("byte 0x{:02x}", static_cast<unsigned char>(c));
}

}  // namespace

bool Scanner::at_end(Values& values) {
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') {
      ++line_;
      ++at_;
    } else if (is_blank(c, false)) {
      ++at_;
    } else if (c == ';' && !json_) {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else if (c == '#' && !json_ && text_.substr(at_, 2) == "#_") {
      at_ += 2;
      form(values, 1);
    } else {
      return false;
    }
  }
  return true;
}

void Scanner::expect(char wanted, Values& values) {
  if (at_end(values)) fail(fmt::format("ends where a '{}' belongs", wanted));
  if (peek() != wanted) fail(fmt::format("has {} where a '{}' belongs", shown(peek()), wanted));
  ++at_;
}

void Scanner::skip_line() {
  const auto end = text_.find('\n', at_);
  at_ = end == std::string_view::npos ? text_.size() : end;
}

std::string_view Scanner::key(Values& values) {
  if (at_end(values)) fail("ends inside a map");
  if (peek() == '"') {
    const auto text = string();
    if (json_) expect(':', values);
    return text;
  }
  if (json_) fail(fmt::format("has {} where a key in quotes belongs", shown(peek())));
  auto text = token();
  if (text.starts_with(':')) text.remove_prefix(1);
  if (text.empty()) fail(fmt::format("has {} where a key belongs", shown(peek())));
  return text;
}

Value Scanner::form(Values& values, int depth) {
  if (depth > deepest) fail(fmt::format("nests more than {} collections", deepest));
  if (at_end(values)) fail("ends where a value belongs");
  switch (peek()) {
    case '[':
      ++at_;
      return collection(values, ']', Value::Tag::list, depth);
    case '(':
      if (json_) break;
      ++at_;
      return collection(values, ')', Value::Tag::list, depth);
    case '{':
      ++at_;
      return collection(values, '}', Value::Tag::map, depth);
    case '#':
      if (json_) break;
      ++at_;
      if (peek() == '{') {
        ++at_;
        return collection(values, '}', Value::Tag::set, depth);
      }
      token();  // a tag: what it stands before is what counts
      return form(values, depth + 1);
    case '"':
      return values.text(string());
    default:
      break;
  }
  return atom(values);
}

Value Scanner::collection(Values& values, char close, Value::Tag tag, int depth) {
  std::vector<Value> items;
  while (true) {
    if (at_end(values)) fail(fmt::format("ends where a '{}' belongs", close));
    if (peek() == close) break;
    items.push_back(form(values, depth + 1));
    if (json_ && tag == Value::Tag::map && items.size() % 2 == 1) expect(':', values);
  }
  ++at_;
  if (tag == Value::Tag::map && items.size() % 2 == 1) fail("has a map whose last key has no value");
  return values.collection(tag, items);
}

std::string_view Scanner::token() {
  const std::size_t start = at_;
  while (at_ < text_.size() && !ends_token(text_[at_]) && !(json_ && text_[at_] == ':')) ++at_;
  return text_.substr(start, at_ - start);
}

Value Scanner::atom(Values& values) {
  const auto word = token();
  if (word.empty()) fail(fmt::format("has {} where a value belongs", shown(peek())));
  if (word == "nil" || word == "null") return {};
  if (word == "true" || word == "false") return Value::boolean(word == "true");
  const char first = word.front();
  const bool sign = (first == '-' || first == '+') && word.size() > 1;
  if (std::isdigit(static_cast<unsigned char>(sign ? word[1] : first)) != 0) return number(values, word);
  if (json_) fail(fmt::format("has the word {} where a value belongs", word.substr(0, 30)));
  return values.text(first == ':' ? word.substr(1) : word);
}

Value Scanner::number(Values& values, std::string_view word) {
  const auto digits = word.starts_with('+') ? word.substr(1) : word;
  std::int64_t whole = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
  const std::string_view tail(rest, static_cast<std::size_t>(digits.data() + digits.size() - rest));
  if (error == std::errc() && (tail.empty() || tail == "N")) return Value::integer(whole);
  double number = 0;
  const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const std::string_view after(end, static_cast<std::size_t>(digits.data() + digits.size() - end));
  if (bad == std::errc() && (after.empty() || after == "M")) return Values::real(number);
  return values.text(word);  // a ratio, or more than 64 bits: equal to itself is all that counts
}

/// Holds until the next one is read.
std::string_view Scanner::string() {
  const std::size_t start = ++at_;
  while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' && text_[at_] != '\n') ++at_;
  if (at_ < text_.size() && text_[at_] == '"') return text_.substr(start, at_++ - start);
  unescaped_.assign(text_.substr(start, at_ - start));
  for (; at_ < text_.size() && text_[at_] != '"'; ++at_) {
    if (text_[at_] == '\n') {
      if (json_) fail("ends inside a text");
      ++line_;
    }
    if (text_[at_] == '\\') {
      escape(unescaped_);
    } else {
      unescaped_.push_back(text_[at_]);
    }
  }
  if (at_ >= text_.size()) fail("ends inside a text");
  ++at_;
  return unescaped_;
}

/// Leaves `at_` on the escape's last character.
void Scanner::escape(std::string& out) {
  if (++at_ >= text_.size()) fail("ends inside a text");
  switch (text_[at_]) {
    case 'n':
      return out.push_back('\n');
    case 't':
      return out.push_back('\t');
    case 'r':
      return out.push_back('\r');
    case 'b':
      return out.push_back('\b');
    case 'f':
      return out.push_back('\f');
    case 'u':
      return code_point(out);
    case '"':
    case '\\':
    case '/':
      return out.push_back(text_[at_]);
    default:
      fail(fmt::format("has an escape that is unknown, \\{}", text_[at_]));
  }
}

void Scanner::code_point(std::string& out) {
  const auto unit = [this](std::size_t from) -> std::uint32_t {
    const auto digits = from <= text_.size() ? text_.substr(from, 4) : std::string_view();
    std::uint32_t code = 0;
    const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
    if (error != std::errc() || rest != digits.data() + 4) fail("has a \\u without four hexadecimal digits");
    return code;
  };
  std::uint32_t code = unit(at_ + 1);
  at_ += 4;
  if (code >= 0xd800 && code < 0xdc00 && text_.substr(std::min(at_ + 1, text_.size()), 2) == "\\u") {
    const std::uint32_t low = unit(at_ + 3);
    if (low >= 0xdc00 && low < 0xe000) {
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
      at_ += 6;
    }
  }
  add_utf8(out, code >= 0xd800 && code < 0xe000 ? 0xfffd : code);
}

}  // namespace withstand::check
