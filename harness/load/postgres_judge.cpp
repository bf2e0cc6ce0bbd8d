#include <fmt/format.h>

#include "load/postgres_answer.hpp"

namespace withstand::load {
namespace {

using Type = PostgresAnswer::Type;

/// Whether an error promises that the transaction was rolled back. ERROR does. FATAL and PANIC end the session, and may
/// strike after the commit (a shutdown while the commit waits for a standby); nor do connection exceptions (class 08)
/// and statement_completion_unknown (40003) promise anything.
bool is_rolled_back(const PostgresAnswer& answer) {
  return answer.severity == "ERROR" && !answer.sqlstate.starts_with("08") && answer.sqlstate != "40003";
}

}  // namespace

Response judge_postgres_error(const PostgresAnswer& answer) {
  constexpr const char* unique_violation = "23505";
  Response out;
  out.fate = is_rolled_back(answer) ? Fate::refused : Fate::unknown;
  out.error = answer.sqlstate.empty() ? answer.message
                                      : fmt::format("{} {}: {}", answer.severity, answer.sqlstate, answer.message);
  if (answer.sqlstate == unique_violation) out.error = "the key is there already";
  out.declined = out.fate == Fate::refused && (answer.sqlstate == "40001" || answer.sqlstate == "40P01");
  return out;
}

Response judge_postgres(Request::Kind kind, const PostgresAnswer& answer) {
  if (answer.type == Type::error) return judge_postgres_error(answer);
  if (!answer.ready) {
    const bool complete = answer.type == Type::command || answer.type == Type::rows;
    return {Fate::unknown, std::nullopt, "",
            complete ? "the connection was lost before the commit was confirmed" : answer.message};
  }
  if (kind == Request::Kind::read && answer.type == Type::rows) return {Fate::done, answer.value, "", ""};
  if (kind != Request::Kind::read && answer.type == Type::command) return {Fate::done, std::nullopt, "", ""};
  return {Fate::unknown, std::nullopt, "", "an answer of the wrong kind"};
}

}  // namespace withstand::load
