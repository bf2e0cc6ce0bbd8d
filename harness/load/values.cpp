#include "load/values.hpp"

#include <charconv>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

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

ValueSizes::ValueSizes(const Config& config)
    : all_(config.value_size), sizes_(config.value_sizes), draws_(core::draw_stream(config.seed, "load", "", "size")) {
  for (const auto& [size, weight] : sizes_) weights_ += static_cast<std::uint64_t>(weight);
}

std::int64_t ValueSizes::of(std::string_view name) const {
  if (weights_ == 0) return all_;
  const auto dash = name.rfind('-');
  const auto digits = name.substr(dash == std::string_view::npos ? 0 : dash + 1);
  std::uint64_t id = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), id);
  if (error != std::errc{} || rest != digits.data() + digits.size()) return all_;
  auto at = draws_.below(id, weights_);
  for (const auto& [size, weight] : sizes_) {
    if (at < static_cast<std::uint64_t>(weight)) return size;
    at -= static_cast<std::uint64_t>(weight);
  }
  return all_;
}

std::string shown_steps(const std::vector<Step>& steps, const std::vector<std::string>& read) {
  std::string out = "[";
  std::size_t reads = 0;
  for (const auto& step : steps) {
    if (out.size() > 1) out += ',';
    if (step.kind == Step::Kind::read) {
      out += fmt::format(R"(["r","{}",{}])", step.key, reads < read.size() ? read[reads] : "null");
      ++reads;
    } else {
      out += fmt::format(R"(["{}","{}",{}])", step.kind == Step::Kind::append ? "append" : "w", step.key, step.value);
    }
  }
  return out + "]";
}

std::string json_text(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

std::string shown_cas(std::string_view expected, std::string_view value) {
  return fmt::format("[{},{}]", expected.empty() ? "null" : json_text(expected), json_text(value));
}

std::string register_key(std::uint64_t index) { return fmt::format("k{}", index); }
std::string session_key(std::uint32_t process) { return fmt::format("s{}", process); }
std::string write_once_key(std::uint64_t id) { return fmt::format("w{}", id); }

}  // namespace withstand::load
