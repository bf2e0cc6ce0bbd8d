#include "load/etcd_gateway.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "load/base64.hpp"

namespace withstand::load {
namespace {

using Json = nlohmann::json;

/// Errors that etcd raises before a write is proposed to the cluster (3.4: etcdserver/v3_server.go, api/v3rpc), so it
/// is certainly not done. Any other leaves it unknown. Two look definite and are not: "mvcc: database space exceeded"
/// is also what the write that exceeds it gets, after it was applied; "etcdserver: server stopped" may follow a
/// proposal.
constexpr std::array<std::string_view, 5> refusals = {
    "etcdserver: key is not provided", "etcdserver: request is too large", "etcdserver: too many requests",
    "etcdserver: not capable", "raft proposal dropped"};

/// The gateway's own answers to what is no request at all.
constexpr std::array<int, 4> not_understood = {400, 404, 405, 415};

/// "etcdserver: request timed out" out of {"error":...,"message":...,"code":14}.
std::string error_in(const Json& answer) {
  if (!answer.is_object()) return "";
  for (const char* name : {"error", "message"}) {
    const auto found = answer.find(name);
    if (found != answer.end() && found->is_string()) return found->get<std::string>().substr(0, 200);
  }
  return "";
}

Response refused_or_unknown(int status, const Json& answer) {
  Response out;
  const auto error = error_in(answer);
  const auto is_refusal = [&](std::string_view text) { return error.find(text) != std::string::npos; };
  const bool refused = std::any_of(refusals.begin(), refusals.end(), is_refusal) ||
                       std::count(not_understood.begin(), not_understood.end(), status) > 0;
  out.fate = refused ? Fate::refused : Fate::unknown;
  out.error = error.empty() ? fmt::format("HTTP {}", status) : error;
  return out;
}

Response no_answer(const std::string& why) { return {Fate::unknown, std::nullopt, "", why}; }

/// The value in a range's answer. Fields that hold nothing are left out of it: no "kvs", no such key; no "value", an
/// empty one.
Response value_in(const Json& answer) {
  const auto kvs = answer.find("kvs");
  if (kvs == answer.end() || (kvs->is_array() && kvs->empty())) return {Fate::done, std::nullopt, "", ""};
  if (!kvs->is_array() || !kvs->front().is_object()) return no_answer("the answer's kvs are no keys and values");
  const auto value = kvs->front().find("value");
  if (value == kvs->front().end()) return {Fate::done, "", "", ""};
  const auto decoded = value->is_string() ? base64_decode(value->get_ref<const std::string&>()) : std::nullopt;
  if (!decoded) return no_answer("the answer's value is no base64");
  return {Fate::done, *decoded, "", ""};
}

}  // namespace

std::string etcd_put(std::string_view key, std::string_view value) {
  return fmt::format(R"({{"key":"{}","value":"{}"}})", base64_encode(key), base64_encode(value));
}

std::string etcd_range(std::string_view key, bool serializable) {
  return fmt::format(R"({{"key":"{}"{}}})", base64_encode(key), serializable ? R"(,"serializable":true)" : "");
}

Response judge_etcd_error(int status, const std::string& body) {
  return refused_or_unknown(status, Json::parse(body, nullptr, false));
}

Response judge_etcd(Request::Kind kind, int status, const std::string& body) {
  const auto answer = Json::parse(body, nullptr, false);
  if (status != 200) return refused_or_unknown(status, answer);
  // Every answer of the cluster has a header, which says which revision it is of.
  if (!answer.is_object() || !answer.contains("header")) return no_answer("the answer is not etcd's");
  return kind == Request::Kind::read ? value_in(answer) : Response{Fate::done, std::nullopt, "", ""};
}

}  // namespace withstand::load
