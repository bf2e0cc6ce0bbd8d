#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "load/connections.hpp"

namespace withstand::load {

/// A Redis reply (RESP2), taken apart.
struct RedisAnswer {
  enum class Type { text, status, error, integer, nil, list };
  Type type = Type::nil;
  std::string text;                ///< of text, status, error; an integer's digits
  std::vector<RedisAnswer> items;  ///< of a list
};

/// Reads one reply with hiredis' reader. Its asynchronous context is not used: that one asserts when a peer speaks
/// unasked, and a target under fault injection may.
class RedisReply : public Reply {
 public:
  RedisReply();
  ~RedisReply() override;
  State take(std::string_view bytes) override;
  State end() override { return State::malformed; }
  [[nodiscard]] bool keep_alive() const override;
  /// Once complete.
  [[nodiscard]] const RedisAnswer& answer() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The bytes of a command (RESP).
std::string redis_command(const std::vector<std::string_view>& words);

/// What a reply means for a request; `node` is left empty.
Response judge_redis(Request::Kind kind, const RedisAnswer& answer);
/// Whether an error says that the one who was asked is not the primary, or not able to be it just now.
bool not_primary(const RedisAnswer& answer);
/// Sentinel's answer to get-master-addr-by-name.
std::optional<std::pair<std::string, std::int64_t>> address_from(const RedisAnswer& answer);

}  // namespace withstand::load
