#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "record/history.hpp"

/// Short ways to write histories down. Times are in milliseconds.
namespace withstand::check::testing {

constexpr std::int64_t ms = 1'000'000;

struct Times {
  std::int64_t from = 0, to = 0;
};

inline record::Operation operation(std::string op, std::string key, std::optional<std::string> value, Times times,
                                   record::Outcome outcome = record::Outcome::ok, std::string node = "n1") {
  record::Operation made;
  made.op = std::move(op);
  made.key = std::move(key);
  made.value = std::move(value);
  made.node = std::move(node);
  made.intended = made.sent = times.from * ms;
  made.done = times.to * ms;
  made.outcome = outcome;
  if (outcome != record::Outcome::ok) made.error = "timeout";
  return made;
}

inline record::Operation write(std::string value, Times times, record::Outcome outcome = record::Outcome::ok) {
  return operation("write", "k", std::move(value), times, outcome);
}

inline record::Operation read(std::optional<std::string> value, Times times,
                              record::Outcome outcome = record::Outcome::ok) {
  return operation("read", "k", std::move(value), times, outcome);
}

/// Numbers the operations as a run does.
inline std::vector<record::Operation> history(std::vector<record::Operation> operations) {
  for (std::size_t i = 0; i < operations.size(); ++i) {
    operations[i].id = i;
    operations[i].process = static_cast<std::uint32_t>(i + 1);
  }
  return operations;
}

}  // namespace withstand::check::testing
