#include "load/exec_protocol.hpp"

#include <nlohmann/json.hpp>

namespace withstand::load {
namespace {

using nlohmann::json;

std::string dump(const json& value) { return value.dump(-1, ' ', true, json::error_handler_t::replace); }

std::string word_at(const json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace

std::string exec_greeting(const Config& config) {
  json endpoints = json::array();
  for (const auto& endpoint : config.endpoints) {
    endpoints.push_back({{"node", endpoint.node}, {"address", endpoint.address}, {"port", endpoint.port}});
  }
  return dump({{"config",
                {{"client", config.client},
                 {"timeout_ms", config.timeout / 1'000'000},
                 {"endpoints", endpoints},
                 {"options", config.driver_options}}}});
}

bool exec_ready(const std::string& line) {
  const auto in = json::parse(line, nullptr, false);
  if (!in.is_object()) return false;
  const auto ready = in.find("ready");
  return ready != in.end() && ready->is_boolean() && ready->get<bool>();
}

std::string exec_request(const Request& request) {
  const auto op = request.op.empty() ? op_name(request.kind) : request.op;
  json out{{"id", request.id}, {"op", op}, {"key", request.key}};
  if (request.key.empty() || request.kind == Request::Kind::transfer) out.erase("key");
  if (!request.shown.empty() && request.shown != "null") {
    out["value"] = json::parse(request.shown);
  } else if (!request.value.empty()) {
    out["value"] = request.value;
  }
  // A register's whole values, not their names.
  if (request.kind == Request::Kind::cas)
    out["value"] = json::array({request.expected.empty() ? json() : json(request.expected), json(request.value)});
  if (request.kind == Request::Kind::create) out["create"] = true;
  if (!request.node.empty()) out["node"] = request.node;
  return dump(out);
}

std::optional<ExecAnswer> exec_answer(const std::string& line) {
  const auto in = json::parse(line, nullptr, false);
  if (!in.is_object()) return std::nullopt;
  const auto id = in.find("id");
  if (id == in.end() || !id->is_number_integer() || *id < 0) return std::nullopt;
  ExecAnswer out;
  out.id = id->get<std::uint64_t>();
  const auto outcome = word_at(in, "outcome");
  if (outcome == "ok") {
    out.response.fate = Fate::done;
  } else if (outcome == "fail") {
    out.response.fate = Fate::refused;
  } else if (outcome != "info") {
    return std::nullopt;
  }
  const auto value = in.find("value");
  if (value != in.end() && !value->is_null()) {
    if (!value->is_string()) out.response.json = dump(*value);
    out.response.value = value->is_string() ? value->get<std::string>() : dump(*value);
  }
  const auto declined = in.find("declined");
  out.response.declined = declined != in.end() && declined->is_boolean() && declined->get<bool>();
  out.response.node = word_at(in, "node");
  out.response.error = word_at(in, "error");
  if (out.response.error.empty() && outcome != "ok") out.response.error = "the program says " + outcome;
  return out;
}

}  // namespace withstand::load
