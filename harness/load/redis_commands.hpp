#pragma once

#include <string>
#include <vector>

#include "load/driver.hpp"
#include "load/redis_reply.hpp"

namespace withstand::load {

/// The words of one command that does the whole request; what is more than one command of Redis is a Lua script, which
/// nothing comes between. `create_only`: write-once through SET NX; `lease_ms`: after which a lock is anybody's again;
/// `keys`: how many accounts there are.
std::vector<std::string> redis_words(const Request& request, bool create_only, std::int64_t lease_ms,
                                     std::int64_t keys);

/// What a reply means for a request; `node` is left empty.
Response judge_redis(const Request& request, const RedisAnswer& answer);

}  // namespace withstand::load
