#include "load/redis_commands.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "load/shapes.hpp"
#include "load/values.hpp"

namespace withstand::load {
namespace {

using Kind = Request::Kind;
using Type = RedisAnswer::Type;

constexpr const char* cas_script = R"(local held = redis.call('GET', KEYS[1])
if ARGV[1] == '' and held or ARGV[1] ~= '' and held ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2])
return 1)";

/// Pairs of arguments: an empty one reads the list, another is appended to it. Gives the lists that were read.
constexpr const char* steps_script = R"(local read = {}
for i, key in ipairs(KEYS) do
  if ARGV[i] == '' then read[#read + 1] = redis.call('LRANGE', key, 0, -1) else redis.call('RPUSH', key, ARGV[i]) end
end
return read)";

/// The token outlives the lock: each holder's is higher than the one before.
constexpr const char* acquire_script =
    R"(if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
return redis.call('INCR', KEYS[2]))";

constexpr const char* release_script = R"(if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1]))";

/// An account that was never touched holds what all began with.
constexpr const char* transfer_script = R"(local from = tonumber(redis.call('GET', KEYS[1]) or ARGV[2])
local to = tonumber(redis.call('GET', KEYS[2]) or ARGV[2])
local amount = tonumber(ARGV[1])
if from < amount then return 0 end
redis.call('SET', KEYS[1], from - amount)
redis.call('SET', KEYS[2], to + amount)
return 1)";

std::vector<std::string> script(const char* text, const std::vector<std::string>& keys,
                                const std::vector<std::string>& arguments) {
  std::vector<std::string> out{"EVAL", text, std::to_string(keys.size())};
  out.insert(out.end(), keys.begin(), keys.end());
  out.insert(out.end(), arguments.begin(), arguments.end());
  return out;
}

std::vector<std::string> steps(const Request& request) {
  std::vector<std::string> keys, arguments;
  for (const auto& step : request.steps) {
    keys.push_back(step.key);
    arguments.push_back(step.kind == Step::Kind::read ? "" : std::to_string(step.value));
  }
  return script(steps_script, keys, arguments);
}

std::vector<std::string> all_accounts(std::int64_t keys) {
  std::vector<std::string> out{"MGET"};
  for (std::int64_t i = 0; i < keys; ++i) out.push_back(fmt::format("a{}", i));
  return out;
}

Response done(std::optional<std::string> json = std::nullopt) {
  return {Fate::done, std::nullopt, "", "", std::move(json)};
}
Response declined(const char* why) { return {Fate::refused, std::nullopt, "", why, std::nullopt, true}; }
Response unfit() { return {Fate::unknown, std::nullopt, "", "an answer of the wrong kind"}; }

bool is_number(const std::string& text) {
  return !text.empty() && text.size() < 19 && text.find_first_not_of("0123456789") == std::string::npos;
}

/// What Redis keeps are texts; ours are numbers, and what is none was not written by anybody.
std::string json_of(const RedisAnswer& answer) { return is_number(answer.text) ? answer.text : json_text(answer.text); }

std::string list_of(const RedisAnswer& answer) {
  std::vector<std::string> parts;
  for (const auto& item : answer.items) parts.push_back(json_of(item));
  return fmt::format("[{}]", fmt::join(parts, ","));
}

Response steps_answered(const Request& request, const RedisAnswer& answer) {
  if (answer.type != Type::list) return unfit();
  std::vector<std::string> read;
  for (const auto& item : answer.items) read.push_back(list_of(item));
  return done(shown_steps(request.steps, read));
}

Response balances_answered(const RedisAnswer& answer) {
  if (answer.type != Type::list) return unfit();
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < answer.items.size(); ++i) {
    const bool untouched = answer.items[i].type == Type::nil;
    parts.push_back(
        fmt::format(R"("a{}":{})", i, untouched ? std::to_string(opening_balance) : json_of(answer.items[i])));
  }
  return done(fmt::format("{{{}}}", fmt::join(parts, ",")));
}

Response flag(const RedisAnswer& answer, const char* why_not) {
  if (answer.type != Type::integer) return unfit();
  return answer.text == "0" ? declined(why_not) : done();
}

}  // namespace

std::vector<std::string> redis_words(const Request& request, bool create_only, std::int64_t lease_ms,
                                     std::int64_t keys) {
  switch (request.kind) {
    case Kind::read:
    case Kind::count:
      return {"GET", request.key};
    case Kind::write:
      return {"SET", request.key, request.value};
    case Kind::create:
      if (create_only) return {"SET", request.key, request.value, "NX"};
      return {"SET", request.key, request.value};
    case Kind::cas:
      return script(cas_script, {request.key}, {request.expected, request.value});
    case Kind::add:
      return {"SADD", request.key, request.value};
    case Kind::members:
      return {"SMEMBERS", request.key};
    case Kind::increment:
      return {"INCRBY", request.key, request.value};
    case Kind::raise:
    case Kind::generate:
      return {"INCR", request.key};
    case Kind::enqueue:
      return {"RPUSH", request.key, request.value};
    case Kind::dequeue:
      return {"LPOP", request.key};
    case Kind::acquire:
      return script(acquire_script, {request.key, request.key + "-token"}, {request.value, std::to_string(lease_ms)});
    case Kind::release:
      return script(release_script, {request.key}, {request.expected});
    case Kind::transaction:
      return steps(request);
    case Kind::transfer:
      return script(transfer_script, {request.key, request.expected}, {request.value, std::to_string(opening_balance)});
    case Kind::balances:
      return all_accounts(keys);
    case Kind::insert:
      break;
  }
  return {"PING"};  // no workload of this driver has it
}

Response judge_redis(const Request& request, const RedisAnswer& answer) {
  if (answer.type == Type::error) return judge_redis(request.kind, answer);
  switch (request.kind) {
    case Kind::read:
    case Kind::write:
    case Kind::create:
      return judge_redis(request.kind, answer);
    case Kind::cas:
      return flag(answer, "another value was there");
    case Kind::transfer:
      return flag(answer, "there is less in the account");
    case Kind::release:
      return flag(answer, "the lock was another's, or nobody's");
    case Kind::acquire:
      if (answer.type == Type::integer && answer.text == "0") return declined("another holds the lock");
      return answer.type == Type::integer ? done(answer.text) : unfit();
    case Kind::raise:
    case Kind::generate:
      return answer.type == Type::integer ? done(answer.text) : unfit();
    case Kind::count:
      return answer.type == Type::nil ? done("0") : answer.type == Type::text ? done(json_of(answer)) : unfit();
    case Kind::members:
      return answer.type == Type::list ? done(list_of(answer)) : unfit();
    case Kind::dequeue:
      if (answer.type == Type::nil) return declined("empty");
      return answer.type == Type::text ? done(json_of(answer)) : unfit();
    case Kind::transaction:
      return steps_answered(request, answer);
    case Kind::balances:
      return balances_answered(answer);
    case Kind::add:
    case Kind::increment:
    case Kind::enqueue:
      return answer.type == Type::integer ? done() : unfit();
    case Kind::insert:
      break;
  }
  return unfit();
}

}  // namespace withstand::load
