#include <gtest/gtest.h>

#include "load/postgres_answer.hpp"

namespace withstand::load {
namespace {

using record::Outcome;
using Kind = Request::Kind;
using Type = PostgresAnswer::Type;

PostgresAnswer answer(Type type, bool ready, std::optional<std::string> value = std::nullopt) {
  PostgresAnswer out;
  out.type = type;
  out.ready = ready;
  out.value = std::move(value);
  return out;
}

PostgresAnswer error(const std::string& severity, const std::string& state) {
  PostgresAnswer out = answer(Type::error, false);
  out.severity = severity;
  out.sqlstate = state;
  out.message = "words";
  return out;
}

struct Row {
  PostgresAnswer answer;
  Outcome write, read;
};

TEST(PostgresJudge, WhatEachAnswerMeans) {
  const std::vector<Row> table = {
      {answer(Type::command, true), Outcome::ok, Outcome::fail},
      {answer(Type::rows, true, "v"), Outcome::info, Outcome::ok},
      {answer(Type::rows, true), Outcome::info, Outcome::ok},
      // Without the server's word that it is ready nothing was committed for certain.
      {answer(Type::command, false), Outcome::info, Outcome::fail},
      {answer(Type::rows, false, "v"), Outcome::info, Outcome::fail},
      {answer(Type::none, false), Outcome::info, Outcome::fail},
      {answer(Type::other, true), Outcome::info, Outcome::fail},
      {error("ERROR", "25006"), Outcome::fail, Outcome::fail},  // read-only
      {error("ERROR", "40001"), Outcome::fail, Outcome::fail},  // serialization failure
      {error("ERROR", "53100"), Outcome::fail, Outcome::fail},  // disk full
      {error("ERROR", "57014"), Outcome::fail, Outcome::fail},  // cancelled
      {error("ERROR", "40003"), Outcome::info, Outcome::fail},  // statement completion unknown
      {error("ERROR", "08006"), Outcome::info, Outcome::fail},  // connection failure
      {error("FATAL", "57P01"), Outcome::info, Outcome::fail},  // shut down
      {error("FATAL", "57P02"), Outcome::info, Outcome::fail},  // crashed
      {error("PANIC", "58030"), Outcome::info, Outcome::fail},  // the log cannot be written
      {error("", ""), Outcome::info, Outcome::fail},            // libpq's own
  };
  for (const auto& row : table) {
    const auto name = row.answer.severity + row.answer.sqlstate;
    EXPECT_EQ(settle(Kind::write, judge_postgres(Kind::write, row.answer).fate), row.write) << name;
    EXPECT_EQ(settle(Kind::create, judge_postgres(Kind::create, row.answer).fate), row.write) << name;
    EXPECT_EQ(settle(Kind::read, judge_postgres(Kind::read, row.answer).fate), row.read) << name;
  }
}

TEST(PostgresJudge, SaysWhy) {
  EXPECT_EQ(judge_postgres(Kind::create, error("ERROR", "23505")).error, "the key is there already");
  EXPECT_EQ(judge_postgres(Kind::write, error("FATAL", "57P01")).error, "FATAL 57P01: words");
  EXPECT_EQ(judge_postgres(Kind::write, error("", "")).error, "words");
  EXPECT_EQ(judge_postgres(Kind::read, answer(Type::rows, true, "v")).value, "v");
  EXPECT_EQ(judge_postgres(Kind::read, answer(Type::rows, true)).value, std::nullopt);
}

}  // namespace
}  // namespace withstand::load
