#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "load/driver.hpp"
#include "load/postgres_connections.hpp"

namespace withstand::load {

/// An operation as statements. Where it is a transaction, each statement waits for the answer to the one before it, as
/// programs do whose next step depends on what they have read: so transactions overlap.
struct PostgresScript {
  /// The rows of each step so far.
  using Seen = std::vector<std::vector<std::vector<std::string>>>;
  struct Step {
    std::function<PostgresStatement(const Seen&)> make;
    /// Why the operation is to end here, undone; empty: it goes on. Of the step's own rows, the last of `Seen`.
    std::function<std::string(const Seen&)> objection{};
  };
  std::string begin;  ///< the statement that begins the transaction; empty: one statement, which is its own transaction
  std::vector<Step> steps;
  std::function<std::optional<std::string>(const Seen&)> result{};  ///< what it gave, as JSON; none: nothing
};

/// The script of a request; nothing: it is one of registers. `table` is the prefix of the tables' names, `isolation` in
/// SQL's words.
std::optional<PostgresScript> postgres_script(const Request& request, const std::string& table,
                                              const std::string& isolation, bool mixed_commits);
/// What makes the tables of a workload, and fills them: to be sent once, one after the other, before the load.
std::vector<std::string> postgres_set_up(const std::string& workload, const std::string& table, std::int64_t keys);

/// One script while it runs. What was not committed is rolled back: so a connection that is lost before the commit was
/// asked for leaves no doubt.
class PostgresTalk {
 public:
  explicit PostgresTalk(PostgresScript script) : script_(std::move(script)) {}
  PostgresStatement first();
  std::optional<PostgresStatement> next(const PostgresAnswer& answer);
  /// Once it has ended, with the last answer; `node` is left empty.
  [[nodiscard]] Response outcome(const PostgresConnections::Result& result) const;
  /// Whether what was sent so far may have changed anything that stays.
  [[nodiscard]] bool may_be_done() const { return committing_ || script_.begin.empty(); }

 private:
  PostgresStatement step() { return script_.steps[seen_.size()].make(seen_); }
  std::optional<PostgresStatement> undo();

  PostgresScript script_;
  PostgresScript::Seen seen_;
  bool begun_ = false, committing_ = false, undoing_ = false;
  std::optional<Response> failure_;  // an error, or an objection
};

}  // namespace withstand::load
