#pragma once

#include <optional>
#include <string>
#include <vector>

#include "load/driver.hpp"

namespace withstand::load {

/// What came back of one statement that was sent.
struct PostgresAnswer {
  enum class Type { none, command, rows, error, other };
  Type type = Type::none;
  /// The server said afterwards that it is ready for the next statement, outside a transaction. Before that nothing is
  /// acknowledged: a statement is reported as complete before the transaction that it makes up is committed (PostgreSQL
  /// 15, "Message Flow", extended query: the commit is at Sync).
  bool ready = false;
  std::optional<std::string> value;              ///< of rows: the first one's first column; none: there was no row
  std::vector<std::vector<std::string>> rows{};  ///< of rows: all of them; null is an empty text
  std::string severity, sqlstate;                ///< of an error
  std::string message;                           ///< of an error, or what became of the connection
};

/// What it means for a request that is one statement; `node` is left empty.
Response judge_postgres(Request::Kind kind, const PostgresAnswer& answer);
/// What an error means: whether the transaction was certainly rolled back, and whether only to be tried again (a
/// serialization failure, a deadlock), which is an answer as PostgreSQL owes it.
Response judge_postgres_error(const PostgresAnswer& answer);

}  // namespace withstand::load
