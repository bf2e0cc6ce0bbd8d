#include "spec/template.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace withstand::spec {
namespace {

constexpr const char* literal_help = "write {{ and }} for literal braces";

/// Calls `literal(text)` and `named(placeholder)` in order; stops at the first complaint.
template <class Literal, class Named>
std::optional<Complaint> walk(std::string_view text, Literal literal, Named named) {
  int offset = 0;
  const auto advance = [&](std::size_t bytes) {
    for (std::size_t i = 0; i < bytes; ++i) offset += (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U ? 0 : 1;
    text.remove_prefix(bytes);
  };
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find_first_of("{}"), text.size());
    literal(text.substr(0, plain));
    advance(plain);
    if (text.empty()) break;
    if (text.size() > 1 && text[0] == text[1]) {
      literal(text.substr(0, 1));
      advance(2);
      continue;
    }
    if (text[0] == '}') return Complaint{"'}' closes nothing", literal_help, offset, 1};
    const std::size_t end = text.find_first_of("{}", 1);
    if (end == text.npos || text[end] == '{') return Complaint{"'{' is never closed", literal_help, offset, 1};
    Placeholder placeholder{std::string(text.substr(1, end - 1)), offset, 0};
    advance(end + 1);
    placeholder.length = offset - placeholder.offset;
    if (std::optional<Complaint> complaint = named(placeholder)) return complaint;
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<Placeholder>> placeholders(std::string_view text) {
  std::vector<Placeholder> found;
  const auto collect = [&](const Placeholder& placeholder) -> std::optional<Complaint> {
    found.push_back(placeholder);
    return std::nullopt;
  };
  if (auto complaint = walk(
          text, [](std::string_view) {}, collect))
    return *complaint;
  return found;
}

Result<std::string> expand(std::string_view text, const Lookup& lookup) {
  std::string out;
  const auto replace = [&](const Placeholder& placeholder) -> std::optional<Complaint> {
    const std::optional<std::string> value = lookup(placeholder.name);
    if (!value) {
      return Complaint{fmt::format("unknown placeholder '{{{}}}'", placeholder.name), literal_help, placeholder.offset,
                       placeholder.length};
    }
    out += *value;
    return std::nullopt;
  };
  if (auto complaint = walk(
          text, [&](std::string_view literal) { out += literal; }, replace))
    return *complaint;
  return out;
}

std::string keep(std::string_view text, const std::vector<std::string>& names) {
  std::string out;
  const auto literal = [&](std::string_view piece) {
    out += piece;
    if (piece == "{" || piece == "}") out += piece;  // stood doubled
  };
  const auto named = [&](const Placeholder& placeholder) -> std::optional<Complaint> {
    const bool kept = std::find(names.begin(), names.end(), placeholder.name) != names.end();
    out += kept ? "{{" + placeholder.name + "}}" : "{" + placeholder.name + "}";
    return std::nullopt;
  };
  return walk(text, literal, named) ? std::string(text) : out;
}

}  // namespace withstand::spec
