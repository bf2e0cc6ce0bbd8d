#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "load/http_reply.hpp"

namespace withstand::load {
namespace {

/// The member a pointer leads to; a discarded value when there is none or the body is no JSON.
nlohmann::json look_up(const std::string& body, const std::string& pointer) {
  const nlohmann::json none(nlohmann::json::value_t::discarded);
  const auto document = nlohmann::json::parse(body, nullptr, false);
  if (document.is_discarded()) return none;
  try {
    const nlohmann::json::json_pointer path(pointer);
    return document.contains(path) ? document.at(path) : none;
  } catch (const nlohmann::json::exception&) {
    return none;
  }
}

Response read_answer(const std::string& body, const HttpOptions& options) {
  Response out;
  out.fate = Fate::done;
  if (options.pointer.empty()) {
    out.value = body;
    return out;
  }
  const auto found = look_up(body, options.pointer);
  if (found.is_discarded()) {
    out.fate = Fate::unknown;
    out.error = fmt::format("the answer has no {}", options.pointer);
  } else if (found.is_string()) {
    out.value = found.get<std::string>();
  } else if (!found.is_null()) {
    out.value = found.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  }
  return out;
}

}  // namespace

Response judge_http(Request::Kind kind, int status, const std::string& body, const HttpOptions& options) {
  const bool read = kind == Request::Kind::read;
  if (read && options.missing.contains(status)) return {Fate::done, std::nullopt, "", ""};
  if (options.ok.contains(status))
    return read ? read_answer(body, options) : Response{Fate::done, std::nullopt, "", ""};

  Response out;
  out.error = fmt::format("HTTP {}", status);
  bool refused = options.refused.contains(status) || options.missing.contains(status);
  if (!refused && !options.outcome_pointer.empty() && status >= 400) {
    const auto outcome = look_up(body, options.outcome_pointer);
    refused = outcome.is_string() && outcome.get_ref<const std::string&>() == options.outcome_none;
  }
  out.fate = refused ? Fate::refused : Fate::unknown;
  return out;
}

}  // namespace withstand::load
