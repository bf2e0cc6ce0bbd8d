#pragma once

#include <string>
#include <string_view>

#include "load/driver.hpp"

namespace withstand::load {

/// What etcd's JSON gateway is sent and what it answers (etcd 3.4, "gRPC gateway": keys and values are base64).

/// Bodies of POST /v3/kv/put and /v3/kv/range.
std::string etcd_put(std::string_view key, std::string_view value);
std::string etcd_range(std::string_view key, bool serializable);

/// What an answer other than 200 means.
Response judge_etcd_error(int status, const std::string& body);
/// What a complete answer means for a request; `node` is left empty.
Response judge_etcd(Request::Kind kind, int status, const std::string& body);

}  // namespace withstand::load
