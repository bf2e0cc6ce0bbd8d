#include "report/xml.hpp"

#include <fmt/core.h>

#include "record/utf8.hpp"

namespace withstand::report {
namespace {

bool allowed(char32_t c) { return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c != 0xFFFE && c != 0xFFFF); }

std::string escaped(std::string_view text, bool in_attribute) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (std::size_t at = 0; at < text.size();) {
    const record::CodePoint point = record::decode_utf8(text, at);
    at += point.size;
    const char32_t c = point.value;
    if (!allowed(c)) {
      out += fmt::format("\\x{:02x}", static_cast<std::uint32_t>(c));
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"' && in_attribute) {
      out += "&quot;";
    } else if (c == '\r' || ((c == '\n' || c == '\t') && in_attribute)) {
      out += fmt::format("&#{};", static_cast<std::uint32_t>(c));
    } else {
      record::append_utf8(out, c);
    }
  }
  return out;
}

}  // namespace

std::string xml_text(std::string_view text) { return escaped(text, false); }

std::string xml_attribute(std::string_view text) { return escaped(text, true); }

std::string xml_attributes(const std::vector<std::pair<const char*, std::string>>& attributes) {
  std::string out;
  for (const auto& [name, value] : attributes) out += fmt::format(" {}=\"{}\"", name, xml_attribute(value));
  return out;
}

}  // namespace withstand::report
