#include "load/values.hpp"

#include <fmt/format.h>

namespace withstand::load {
namespace {

constexpr std::size_t longest_shown = 64;

/// FNV-1a, 64 bit (Fowler, Noll, Vo): enough to tell two damaged values apart.
std::uint64_t digest(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3;
  return hash;
}

}  // namespace

std::string value_name(std::int64_t client_index, std::uint64_t id) {
  return fmt::format("c{}-{}", client_index + 1, id);
}

std::string fill_value(std::string_view name, std::int64_t size) {
  std::string out(name);
  const auto wanted = static_cast<std::size_t>(size < 0 ? 0 : size);
  if (out.size() >= wanted) return out;
  out.reserve(wanted + name.size() + 1);
  while (out.size() < wanted) out.append(".").append(name);
  out.resize(wanted);
  return out;
}

std::string name_of_value(std::string_view value, std::int64_t size) {
  const auto name = value.substr(0, value.find('.'));
  if (name.size() <= longest_shown && value == fill_value(name, size)) return std::string(name);
  if (value.size() <= longest_shown) return std::string(value);
  return fmt::format("{}...#{:016x}", value.substr(0, longest_shown), digest(value));
}

std::string register_key(std::uint64_t index) { return fmt::format("k{}", index); }
std::string write_once_key(std::uint64_t id) { return fmt::format("w{}", id); }

}  // namespace withstand::load
