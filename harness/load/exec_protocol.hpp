#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "load/config.hpp"
#include "load/driver.hpp"

/// The lines between the load and an exec program. Pure.
namespace withstand::load {

/// The first line: {"config":{"client":..,"timeout_ms":..,"endpoints":[{"node":..,"address":..,"port":..}],
/// "options":{..}}}.
std::string exec_greeting(const Config& config);
/// The program's answer to it: {"ready":true}.
bool exec_ready(const std::string& line);
/// {"id":7,"op":"read|write|cas|...","key":"k1"} and, where they say something, "value" (any JSON), "create":true,
/// "node".
std::string exec_request(const Request& request);

struct ExecAnswer {
  std::uint64_t id = 0;
  Response response;
};
/// Nothing when the line is no answer.
std::optional<ExecAnswer> exec_answer(const std::string& line);

}  // namespace withstand::load
