#include "core/names.hpp"

#include <algorithm>
#include <array>
#include <fnmatch.h>
#include <utility>

#include <fmt/format.h>

namespace withstand::core {
namespace {

constexpr std::uint16_t address_type = 1, address6_type = 28, any_type = 255;

/// IANA, "Domain Name System (DNS) Parameters", resource record types.
constexpr std::array<std::pair<std::string_view, std::uint16_t>, 12> record_types{{{"A", 1},
                                                                                   {"NS", 2},
                                                                                   {"CNAME", 5},
                                                                                   {"SOA", 6},
                                                                                   {"PTR", 12},
                                                                                   {"MX", 15},
                                                                                   {"TXT", 16},
                                                                                   {"AAAA", 28},
                                                                                   {"SRV", 33},
                                                                                   {"NAPTR", 35},
                                                                                   {"SVCB", 64},
                                                                                   {"HTTPS", 65}}};

bool same_letters(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

std::string_view to_text(NameAnswer answer) {
  constexpr std::array texts{"timeout", "truncated", "refused", "servfail", "nxdomain",
                             "empty",   "stale",     "wrong",   "slow"};
  return texts.at(static_cast<std::size_t>(answer));
}

bool concerns(const NameFault& fault, std::string_view name, std::uint16_t type, bool over_tcp) {
  if (fault.type != 0 && fault.type != type) return false;
  if (fault.answer == NameAnswer::truncated && over_tcp && fault.answer_over_tcp) return false;
  const bool has_addresses = type == address_type || type == address6_type || type == any_type;
  if ((fault.answer == NameAnswer::stale || fault.answer == NameAnswer::wrong) && !has_addresses) return false;
  const std::string text(name);
  return std::any_of(fault.names.begin(), fault.names.end(), [&](const std::string& pattern) {
    return ::fnmatch(pattern.c_str(), text.c_str(), FNM_NOESCAPE) == 0;
  });
}

DrawStream query_draws(const NameFault& fault, std::string_view node, std::string_view name, std::uint16_t type) {
  return draw_stream(fault.seed, fault.fault, node, fmt::format("query {} {}", name, type));
}

bool strikes(const NameFault& fault, const DrawStream& draws, std::uint64_t ordinal) {
  return draws.chance(ordinal, fault.share_ppb);
}

std::string record_type_name(std::uint16_t type) {
  for (const auto& [name, number] : record_types)
    if (number == type) return std::string(name);
  return type == any_type ? "ANY" : fmt::format("TYPE{}", type);
}

std::uint16_t record_type(std::string_view name) {
  for (const auto& [known, number] : record_types)
    if (same_letters(known, name)) return number;
  return 0;
}

}  // namespace withstand::core
