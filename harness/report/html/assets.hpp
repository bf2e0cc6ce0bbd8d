#pragma once

#include <string>
#include <string_view>

/// What every HTML report carries: its style, its program, and the library that draws the charts with its licence. All
/// are built in, so that a report needs no other file.
namespace withstand::report::html {

struct Asset {
  std::string_view text;
  std::string source;  ///< what a Content-Security-Policy calls it: 'sha256-BASE64' of the text
};

const Asset& page_style();
const Asset& page_script();
const Asset& chart_style();
const Asset& chart_script();
std::string_view chart_licence();

/// A hash in hexadecimal digits as base64 (RFC 4648), as a Content-Security-Policy wants it.
std::string base64_of_hex(std::string_view digits);

}  // namespace withstand::report::html
