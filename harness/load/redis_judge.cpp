#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "load/redis_reply.hpp"

namespace withstand::load {
namespace {

using Type = RedisAnswer::Type;

/// Errors with which Redis refuses a command before it does anything of it (redis.io, "Redis serialization protocol";
/// server.c, processCommand). An error of any other name leaves the outcome unknown.
constexpr std::array<std::string_view, 18> refusals = {
    "ERR",    "READONLY", "NOREPLICAS", "LOADING", "MASTERDOWN", "MOVED", "ASK",    "CLUSTERDOWN", "TRYAGAIN",
    "NOAUTH", "NOPERM",   "WRONGPASS",  "OOM",     "MISCONF",    "BUSY",  "DENIED", "WRONGTYPE",   "CROSSSLOT"};

/// Of these, the ones after which a client asks Sentinel again who the primary is.
constexpr std::array<std::string_view, 6> elsewhere = {"READONLY",   "NOREPLICAS", "LOADING",
                                                       "MASTERDOWN", "MOVED",      "CLUSTERDOWN"};

template <class List>
bool is_in(const List& list, std::string_view text) {
  const auto name = text.substr(0, text.find(' '));
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string first_line(std::string_view text) {
  return std::string(text.substr(0, std::min<std::size_t>(text.find_first_of("\r\n"), 200)));
}

Response answered(std::optional<std::string> value = std::nullopt) { return {Fate::done, std::move(value), "", ""}; }

}  // namespace

Response judge_redis(Request::Kind kind, const RedisAnswer& answer) {
  if (answer.type == Type::error) {
    return {is_in(refusals, answer.text) ? Fate::refused : Fate::unknown, std::nullopt, "", first_line(answer.text)};
  }
  if (kind == Request::Kind::read) {
    if (answer.type == Type::text) return answered(answer.text);
    if (answer.type == Type::nil) return answered();
  } else {
    if (answer.type == Type::status && answer.text == "OK") return answered();
    if (answer.type == Type::nil) return {Fate::refused, std::nullopt, "", "the key is there already"};
  }
  return {Fate::unknown, std::nullopt, "", "an answer of the wrong kind"};
}

bool not_primary(const RedisAnswer& answer) { return answer.type == Type::error && is_in(elsewhere, answer.text); }

std::optional<std::pair<std::string, std::int64_t>> address_from(const RedisAnswer& answer) {
  if (answer.type != Type::list || answer.items.size() != 2) return std::nullopt;
  const auto& digits = answer.items[1].text;
  std::int64_t port = 0;
  const auto [rest, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc() || rest != digits.data() + digits.size() || port < 1 || port > 65'535) return std::nullopt;
  return std::pair{answer.items[0].text, port};
}

}  // namespace withstand::load
