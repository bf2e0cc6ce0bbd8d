#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "check/history/value.hpp"

namespace withstand::check {

/// Why a text could not be read, and on which of its lines.
class ScanError : public std::runtime_error {
 public:
  ScanError(std::uint32_t line, const std::string& what) : std::runtime_error(what), line_(line) {}
  [[nodiscard]] std::uint32_t line() const { return line_; }

 private:
  std::uint32_t line_;
};

/// Reads EDN (https://github.com/edn-format/edn) and JSON (RFC 8259), form by form. What differs: JSON has colons
/// between keys and values and calls nil null. Tags are read past. Throws ScanError.
class Scanner {
 public:
  Scanner(std::string_view text, bool json) : text_(text), json_(json) {}

  /// Past blanks, commas, comments and discarded forms; then whether the text is at its end.
  bool at_end(Values& values);
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] std::uint32_t line() const { return line_; }
  void step() { ++at_; }
  /// Past this character; ScanError where another stands.
  void expect(char wanted, Values& values);
  /// Any form. Collections may be nested 64 deep.
  Value form(Values& values) { return form(values, 0); }
  /// A map's key as a text: :key, "key" or key.
  std::string_view key(Values& values);
  /// Past the rest of the line, after an error.
  void skip_line();

 private:
  Value form(Values& values, int depth);
  Value collection(Values& values, char close, Value::Tag tag, int depth);
  Value atom(Values& values);
  Value number(Values& values, std::string_view token);
  std::string_view string();
  void escape(std::string& out);
  void code_point(std::string& out);
  std::string_view token();
  [[noreturn]] void fail(const std::string& what) const { throw ScanError(line_, what); }

  std::string_view text_;
  bool json_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::string unescaped_;
};

}  // namespace withstand::check
