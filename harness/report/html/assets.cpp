#include "report/html/assets.hpp"

#include <algorithm>

// The files as they lie in the tree; the build gives their paths and SHA-256 digests.
#define WITHSTAND_ASSET(name, path)                                        \
  __asm__(                                                                 \
      ".section .rodata\n"                                                 \
      "withstand_asset_" #name                                             \
      ":\n"                                                                \
      ".incbin \"" path                                                    \
      "\"\n"                                                               \
      "withstand_asset_" #name                                             \
      "_end:\n"                                                            \
      ".byte 0\n"                                                          \
      ".text\n");                                                          \
  extern "C" {                                                             \
  extern const char name##_begin[] __asm__("withstand_asset_" #name);      \
  extern const char name##_end[] __asm__("withstand_asset_" #name "_end"); \
  }

WITHSTAND_ASSET(page_style, WITHSTAND_PAGE_STYLE)
WITHSTAND_ASSET(page_script, WITHSTAND_PAGE_SCRIPT)
WITHSTAND_ASSET(chart_style, WITHSTAND_CHART_STYLE)
WITHSTAND_ASSET(chart_script, WITHSTAND_CHART_SCRIPT)
WITHSTAND_ASSET(chart_licence, WITHSTAND_CHART_LICENCE)

namespace withstand::report::html {
namespace {

std::string_view between(const char* begin, const char* end) { return {begin, static_cast<std::size_t>(end - begin)}; }

Asset asset(const char* begin, const char* end, const char* digest) {
  return {between(begin, end), "'sha256-" + base64_of_hex(digest) + "'"};
}

unsigned nibble(char digit) { return static_cast<unsigned>(digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10); }

}  // namespace

std::string base64_of_hex(std::string_view digits) {
  constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t at = 0; at < digits.size(); at += 6) {
    unsigned group = 0;
    for (std::size_t i = at; i < at + 6; ++i) group = group << 4 | (i < digits.size() ? nibble(digits[i]) : 0);
    const std::size_t bytes = std::min(digits.size() - at, std::size_t{6}) / 2;
    for (std::size_t i = 0; i < 4; ++i) out += i <= bytes ? alphabet[group >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

const Asset& page_style() {
  static const Asset one = asset(page_style_begin, page_style_end, WITHSTAND_PAGE_STYLE_SHA256);
  return one;
}

const Asset& page_script() {
  static const Asset one = asset(page_script_begin, page_script_end, WITHSTAND_PAGE_SCRIPT_SHA256);
  return one;
}

const Asset& chart_style() {
  static const Asset one = asset(chart_style_begin, chart_style_end, WITHSTAND_CHART_STYLE_SHA256);
  return one;
}

const Asset& chart_script() {
  static const Asset one = asset(chart_script_begin, chart_script_end, WITHSTAND_CHART_SCRIPT_SHA256);
  return one;
}

std::string_view chart_licence() { return between(chart_licence_begin, chart_licence_end); }

}  // namespace withstand::report::html
