#include <iterator>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "record/history.hpp"

namespace withstand::record {
namespace {

bool is_plain(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f || c == '"' || c == '\\') return false;
  }
  return true;
}

void add_text(std::string& out, std::string_view key, std::string_view text) {
  out.append(",\"").append(key).append("\":");
  if (is_plain(text)) {
    out.append("\"").append(text).append("\"");
  } else {
    // What a target answers may be any bytes; those that are no UTF-8 become U+FFFD, and the value stays one that
    // nobody wrote.
    out += nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  }
}

void begin(std::string& out, std::int64_t t, std::string_view type, const Operation& operation) {
  fmt::format_to(std::back_inserter(out), R"({{"t":{},"type":"{}","i":{},"process":{})", t, type, operation.id,
                 operation.process);
  add_text(out, "op", operation.op);
  if (!operation.key.empty()) add_text(out, "key", operation.key);
  if (operation.value && operation.json) out.append(R"(,"value":)").append(*operation.value);
  if (operation.value && !operation.json) add_text(out, "value", *operation.value);
  if (!operation.node.empty()) add_text(out, "node", operation.node);
}

std::string_view name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::ok:
      return "ok";
    case Outcome::fail:
      return "fail";
    case Outcome::info:
      return "info";
    case Outcome::dropped:
      return "dropped";
  }
  return "info";
}

}  // namespace

std::string invoke_line(const Operation& operation) {
  std::string out;
  begin(out, operation.sent, "invoke", operation);
  fmt::format_to(std::back_inserter(out), R"(,"due":{})", operation.intended);
  if (operation.final_read) out += R"(,"final":true)";
  return out += '}';
}

std::string completion_line(const Operation& operation) {
  std::string out;
  begin(out, operation.done, name_of(operation.outcome), operation);
  if (operation.outcome == Outcome::dropped) {
    fmt::format_to(std::back_inserter(out), R"(,"due":{})", operation.intended);
  }
  if (!operation.error.empty()) add_text(out, "error", operation.error);
  if (operation.declined) out += R"(,"declined":true)";
  if (operation.final_read) out += R"(,"final":true)";
  return out += '}';
}

}  // namespace withstand::record
