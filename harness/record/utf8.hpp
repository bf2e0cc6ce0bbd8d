#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace withstand::record {

/// One step through a text that may or may not be UTF-8.
struct CodePoint {
  char32_t value = 0;    ///< U+FFFD when the bytes are not UTF-8
  std::size_t size = 0;  ///< bytes consumed, at least 1
  bool valid = false;
};

/// The code point at `at` (which must be < text.size()). Ill-formed input consumes its longest prefix that could have
/// begun a character, so one broken character becomes one U+FFFD (The Unicode Standard, section 3.9, table 3-7, "U+FFFD
/// substitution of maximal subparts").
CodePoint decode_utf8(std::string_view text, std::size_t at);

/// `value` must be a scalar value (no surrogate, at most U+10FFFF).
void append_utf8(std::string& out, char32_t value);

/// The same text with everything that is not UTF-8 replaced by U+FFFD.
std::string repair_utf8(std::string_view text);

}  // namespace withstand::record
