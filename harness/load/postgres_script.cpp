#include "load/postgres_script.hpp"

#include <algorithm>
#include <charconv>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "load/shapes.hpp"
#include "load/values.hpp"

namespace withstand::load {
namespace {

using Kind = Request::Kind;
using Seen = PostgresScript::Seen;
using Statement = PostgresStatement;

PostgresScript::Step fixed(std::string text, std::vector<std::string> values) {
  return {[statement = Statement{std::move(text), std::move(values)}](const Seen&) { return statement; }};
}

bool found(const Seen& seen) { return !seen.back().empty(); }

std::int64_t number_in(const std::vector<std::vector<std::string>>& rows) {
  std::int64_t out = 0;
  if (rows.empty() || rows.front().empty()) return out;
  const auto& text = rows.front().front();
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

/// The first column of the last step's first row, which is a number.
std::optional<std::string> number(const Seen& seen) {
  if (!found(seen)) return std::nullopt;
  return seen.back().front().front();
}

PostgresScript one(PostgresScript::Step step, std::function<std::optional<std::string>(const Seen&)> result = nullptr) {
  return {"", {std::move(step)}, std::move(result)};
}

PostgresScript steps_of(const Request& request, const std::string& table) {
  PostgresScript out;
  for (const auto& [kind, key, value] : request.steps) {
    if (kind == Step::Kind::append) {
      out.steps.push_back(fixed(fmt::format("INSERT INTO {0}_list AS t (key, value) VALUES ($1, $2) ON CONFLICT (key) "
                                            "DO UPDATE SET value = t.value || ',' || excluded.value",
                                            table),
                                {key, std::to_string(value)}));
    } else if (kind == Step::Kind::write) {
      out.steps.push_back(fixed(fmt::format("INSERT INTO {}_list (key, value) VALUES ($1, $2) ON CONFLICT (key) DO "
                                            "UPDATE SET value = excluded.value",
                                            table),
                                {key, std::to_string(value)}));
    } else {
      out.steps.push_back(fixed(fmt::format("SELECT value FROM {}_list WHERE key = $1", table), {key}));
    }
  }
  const bool lists = request.op.empty();  // append: a value is a list; else it is one number
  out.result = [steps = request.steps, lists](const Seen& seen) {
    std::vector<std::string> read;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      if (steps[i].kind != Step::Kind::read) continue;
      const auto none = lists ? "[]" : "null";
      read.push_back(seen[i].empty() ? none : lists ? "[" + seen[i][0][0] + "]" : seen[i][0][0]);
    }
    return std::optional(shown_steps(steps, read));
  };
  return out;
}

PostgresScript transfer(const Request& request, const std::string& table) {
  const auto look = fmt::format("SELECT value FROM {}_bank WHERE key = $1", table);
  const auto set = fmt::format("UPDATE {}_bank SET value = $2 WHERE key = $1", table);
  std::int64_t amount = 0;
  std::from_chars(request.value.data(), request.value.data() + request.value.size(), amount);
  PostgresScript out;
  out.steps = {fixed(look, {request.key}), fixed(look, {request.expected})};
  out.steps[0].objection = [amount](const Seen& seen) {
    return number_in(seen[0]) < amount ? "there is less in the account" : "";
  };
  out.steps.push_back({[set, key = request.key, amount](const Seen& seen) {
    return Statement{set, {key, std::to_string(number_in(seen[0]) - amount)}};
  }});
  out.steps.push_back({[set, key = request.expected, amount](const Seen& seen) {
    return Statement{set, {key, std::to_string(number_in(seen[1]) + amount)}};
  }});
  return out;
}

std::optional<std::string> all_balances(const Seen& seen) {
  std::vector<std::string> parts;
  for (const auto& row : seen.back()) parts.push_back(fmt::format(R"("{}":{})", row[0], row[1]));
  return fmt::format("{{{}}}", fmt::join(parts, ","));
}

std::optional<std::string> all_members(const Seen& seen) {
  std::vector<std::string> parts;
  for (const auto& row : seen.back()) parts.push_back(row[0]);
  return fmt::format("[{}]", fmt::join(parts, ","));
}

PostgresScript insertion(const Request& request, const std::string& table) {
  PostgresScript out;
  const auto side = std::to_string(request.id % 2);
  out.steps = {fixed(fmt::format("SELECT side FROM {}_pair WHERE key = $1", table), {request.key}),
               fixed(fmt::format("INSERT INTO {}_pair (key, side, value) VALUES ($1, $2, $3)", table),
                     {request.key, side, request.value})};
  out.steps[0].objection = [](const Seen& seen) { return found(seen) ? "one half is there already" : ""; };
  return out;
}

PostgresScript raised(const Request& request, const std::string& table) {
  PostgresScript out;
  out.steps = {fixed(fmt::format("SELECT value FROM {}_count WHERE key = $1", table), {request.key})};
  out.steps.push_back({[table, key = request.key](const Seen& seen) {
    return Statement{fmt::format("UPDATE {}_count SET value = $2 WHERE key = $1 RETURNING value", table),
                     {key, std::to_string(number_in(seen[0]) + 1)}};
  }});
  out.result = number;
  return out;
}

PostgresScript cas(const Request& request, const std::string& table) {
  auto step =
      request.expected.empty()
          ? fixed(fmt::format("INSERT INTO {} (key, value) VALUES ($1, $2) ON CONFLICT DO NOTHING RETURNING 1", table),
                  {request.key, request.value})
          : fixed(fmt::format("UPDATE {} SET value = $2 WHERE key = $1 AND value = $3 RETURNING 1", table),
                  {request.key, request.value, request.expected});
  step.objection = [](const Seen& seen) { return found(seen) ? "" : "another value was there"; };
  return one(std::move(step));
}

PostgresScript dequeued(const Request& request, const std::string& table) {
  auto step = fixed(fmt::format("DELETE FROM {0}_queue WHERE place = (SELECT place FROM {0}_queue WHERE key = $1 ORDER "
                                "BY place LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING value",
                                table),
                    {request.key});
  step.objection = [](const Seen& seen) { return found(seen) ? "" : "empty"; };
  return one(std::move(step), number);
}

/// Those that are several statements; the rest has none.
std::optional<PostgresScript> transaction_of(const Request& request, const std::string& table) {
  switch (request.kind) {
    case Kind::transaction:
      return steps_of(request, table);
    case Kind::transfer:
      return transfer(request, table);
    case Kind::balances: {
      PostgresScript out;
      out.steps = {fixed(fmt::format("SELECT key, value FROM {}_bank ORDER BY key", table), {})};
      out.result = all_balances;
      return out;
    }
    case Kind::insert:
      return insertion(request, table);
    case Kind::raise:
      return raised(request, table);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<PostgresScript> postgres_script(const Request& request, const std::string& table,
                                              const std::string& isolation, bool mixed_commits) {
  if (auto script = transaction_of(request, table)) {
    script->begin = fmt::format("BEGIN ISOLATION LEVEL {}", isolation);
    if (mixed_commits && request.kind == Kind::transaction && request.id % 2 == 0 && !is_harmless(request)) {
      script->steps.insert(script->steps.begin(), fixed("SET LOCAL synchronous_commit = local", {}));
      script->result = [inner = script->result](const Seen& seen) { return inner({seen.begin() + 1, seen.end()}); };
    }
    return script;
  }
  switch (request.kind) {
    case Kind::cas:
      return cas(request, table);
    case Kind::add:
      return one(
          fixed(fmt::format("INSERT INTO {}_set (key, value) VALUES ($1, $2)", table), {request.key, request.value}));
    case Kind::members:
      return one(fixed(fmt::format("SELECT value FROM {}_set WHERE key = $1", table), {request.key}), all_members);
    case Kind::increment:
      return one(fixed(fmt::format("UPDATE {}_count SET value = value + $2::bigint WHERE key = $1", table),
                       {request.key, request.value}));
    case Kind::count:
      return one(fixed(fmt::format("SELECT value FROM {}_count WHERE key = $1", table), {request.key}), number);
    case Kind::enqueue:
      return one(
          fixed(fmt::format("INSERT INTO {}_queue (key, value) VALUES ($1, $2)", table), {request.key, request.value}));
    case Kind::dequeue:
      return dequeued(request, table);
    case Kind::generate:
      return one(fixed(fmt::format("SELECT nextval('{}_ids')", table), {}), number);
    default:
      return std::nullopt;
  }
}

std::vector<std::string> postgres_set_up(const std::string& workload, const std::string& table, std::int64_t keys) {
  const auto make = [&](const std::string& name, const std::string& columns) {
    return fmt::format("CREATE TABLE IF NOT EXISTS {}_{} ({})", table, name, columns);
  };
  const auto fill = [&](const std::string& name, char prefix, std::int64_t value) {
    return fmt::format("INSERT INTO {}_{} SELECT '{}' || i, {} FROM generate_series(0, {}) AS i ON CONFLICT DO NOTHING",
                       table, name, prefix, value, keys - 1);
  };
  const std::string numbers = "key text PRIMARY KEY, value bigint NOT NULL";
  if (workload == "append" || workload == "long-fork")
    return {make("list", "key text PRIMARY KEY, value text NOT NULL")};
  if (workload == "set") return {make("set", "key text, value bigint, PRIMARY KEY (key, value)")};
  if (workload == "counter") return {make("count", numbers), fill("count", 'n', 0)};
  if (workload == "monotonic") return {make("count", numbers), fill("count", 'm', 0)};
  if (workload == "bank") return {make("bank", numbers), fill("bank", 'a', opening_balance)};
  if (workload == "queue")
    return {make("queue", "place bigserial PRIMARY KEY, key text NOT NULL, value bigint NOT NULL")};
  if (workload == "unique-ids") return {fmt::format("CREATE SEQUENCE IF NOT EXISTS {}_ids", table)};
  if (workload == "write-skew")
    return {make("pair", "key text, side int, value bigint NOT NULL, PRIMARY KEY (key, side)")};
  return {};
}

PostgresStatement PostgresTalk::first() {
  if (!script_.begin.empty()) return {script_.begin};
  begun_ = true;
  return step();
}

std::optional<PostgresStatement> PostgresTalk::undo() {
  if (script_.begin.empty()) return std::nullopt;
  undoing_ = true;
  return PostgresStatement{"ROLLBACK"};
}

std::optional<PostgresStatement> PostgresTalk::next(const PostgresAnswer& answer) {
  if (committing_ || undoing_) return std::nullopt;
  if (answer.type == PostgresAnswer::Type::error) {
    failure_ = judge_postgres_error(answer);
    if (!script_.begin.empty()) failure_->fate = Fate::refused;  // whatever ended it: nobody asked for the commit
    return undo();
  }
  if (begun_) {
    const auto& done = script_.steps[seen_.size()];
    seen_.push_back(answer.rows);
    const auto why = done.objection ? done.objection(seen_) : "";
    if (!why.empty()) {
      failure_ = Response{Fate::refused, std::nullopt, "", why, std::nullopt, true};
      return undo();
    }
  }
  begun_ = true;
  if (seen_.size() < script_.steps.size()) return step();
  if (script_.begin.empty()) return std::nullopt;
  committing_ = true;
  return PostgresStatement{"COMMIT"};
}

Response PostgresTalk::outcome(const PostgresConnections::Result& result) const {
  if (!result.sent) return {Fate::not_sent, std::nullopt, "", result.answer.message};
  if (failure_) return *failure_;
  const auto& answer = result.answer;
  if (answer.type == PostgresAnswer::Type::error) return judge_postgres_error(answer);
  if (!may_be_done()) return {Fate::refused, std::nullopt, "", "the connection was lost before the commit"};
  if (!answer.ready || seen_.size() < script_.steps.size()) {
    const bool complete = answer.type == PostgresAnswer::Type::command || answer.type == PostgresAnswer::Type::rows;
    return {Fate::unknown, std::nullopt, "",
            complete ? "the connection was lost before the commit was confirmed" : answer.message};
  }
  Response out{Fate::done, std::nullopt, "", ""};
  if (script_.result) out.json = script_.result(seen_);
  return out;
}

}  // namespace withstand::load
