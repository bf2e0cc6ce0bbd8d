#include "kv/http_api.hpp"

#include <charconv>
#include <utility>

#include <nlohmann/json.hpp>

#include "kv/bytes.hpp"

namespace quorum_kv {

namespace {

using nlohmann::json;
constexpr std::size_t most_in_flight = 4096;

HttpResponse reply(unsigned status, const json& body) { return {status, body.dump() + "\n"}; }

HttpResponse refusal(unsigned status, std::string_view why) {
  return reply(status, {{"error", why}, {"outcome", "none"}});
}

HttpResponse no_majority(Outcome outcome) {
  return reply(503,
               {{"error", "no majority answered in time"}, {"outcome", outcome == Outcome::none ? "none" : "unknown"}});
}

/// JSON texts are UTF-8, so a value that is not could not be given back as it came.
bool is_utf8(const std::string& value) {
  try {
    return !json(value).dump().empty();
  } catch (const json::type_error&) {
    return false;
  }
}

}  // namespace

std::optional<std::string> key_of(std::string_view target) {
  constexpr std::string_view prefix = "/kv/";
  target = target.substr(0, target.find('?'));
  if (!target.starts_with(prefix)) return std::nullopt;
  target.remove_prefix(prefix.size());
  std::string key;
  for (std::size_t i = 0; i < target.size(); ++i) {
    unsigned char byte = static_cast<unsigned char>(target[i]);
    if (byte == '%') {
      const std::string_view hex = target.substr(i + 1, 2);
      const auto end = hex.data() + hex.size();
      if (hex.size() < 2 || std::from_chars(hex.data(), end, byte, 16).ptr != end) return std::nullopt;
      i += 2;
    }
    key.push_back(static_cast<char>(byte));
  }
  if (key.empty() || key.size() > max_key_size) return std::nullopt;
  return key;
}

HttpApi::HttpApi(std::string name, Coordinator& coordinator, const Clock& clock, Gauges gauges)
    : name_(std::move(name)), coordinator_(coordinator), clock_(clock), gauges_(std::move(gauges)) {}

void HttpApi::handle(const HttpRequest& request, HttpServer::Respond respond) {
  const bool get = request.method == "GET";
  if (get && request.target == "/health") return respond(health());
  if (get && request.target == "/metrics") {
    return respond({200, metrics_.text(gauges_()), "text/plain; version=0.0.4"});
  }
  const auto key = key_of(request.target);
  if (!key) return respond(refusal(request.target.starts_with("/kv/") ? 400 : 404, "no such resource"));
  if (!get && request.method != "PUT") return respond(refusal(405, "GET or PUT"));
  if (!get && !is_utf8(request.body)) return respond(refusal(400, "a value must be UTF-8"));
  if (stopping_ || coordinator_.in_flight() >= most_in_flight) {
    metrics_.count_refused();
    return respond(refusal(503, stopping_ ? "stopping" : "too many operations in flight"));
  }
  if (get) {
    read(*key, std::move(respond));
  } else {
    write(*key, request.body, std::move(respond));
  }
}

void HttpApi::read(const std::string& key, HttpServer::Respond respond) {
  coordinator_.read(key, [this, since = clock_.monotonic(), respond = std::move(respond)](const Result& result) {
    metrics_.count(Kind::read, result.outcome, clock_.monotonic() - since);
    if (result.outcome != Outcome::ok) return respond(no_majority(result.outcome));
    if (result.data.tag.is_initial()) return respond(reply(404, {{"value", nullptr}, {"tag", nullptr}}));
    respond(reply(200, {{"value", result.data.value}, {"tag", to_string(result.data.tag)}}));
  });
}

void HttpApi::write(const std::string& key, const std::string& value, HttpServer::Respond respond) {
  coordinator_.write(key, value,
                     [this, since = clock_.monotonic(), respond = std::move(respond)](const Result& result) {
                       metrics_.count(Kind::write, result.outcome, clock_.monotonic() - since);
                       if (result.outcome != Outcome::ok) return respond(no_majority(result.outcome));
                       respond(reply(200, {{"tag", to_string(result.data.tag)}}));
                     });
}

HttpResponse HttpApi::health() const {
  const Metrics::Gauges gauges = gauges_();
  json peers = json::object();
  for (const Metrics::Peer& peer : gauges.peers) peers[peer.name] = peer.healthy;
  return reply(200, {{"name", name_},
                     {"boot", gauges.boot},
                     {"recovered_keys", gauges.recovered_keys},
                     {"keys", gauges.keys},
                     {"majority", gauges.majority},
                     {"peers", std::move(peers)}});
}

}  // namespace quorum_kv
