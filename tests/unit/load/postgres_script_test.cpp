#include "load/postgres_script.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "load/values.hpp"

namespace withstand::load {
namespace {

using Kind = Request::Kind;
using PartType = PostgresAnswer::Type;

PostgresAnswer command(bool ready = false) {
  PostgresAnswer out;
  out.type = PartType::command;
  out.ready = ready;
  return out;
}
PostgresAnswer rows(std::vector<std::vector<std::string>> all, bool ready = false) {
  PostgresAnswer out;
  out.type = PartType::rows;
  out.ready = ready;
  out.rows = std::move(all);
  return out;
}
PostgresAnswer error(const std::string& state) {
  PostgresAnswer out;
  out.type = PartType::error;
  out.severity = "ERROR";
  out.sqlstate = state;
  out.message = "no";
  return out;
}

PostgresTalk talk_of(const Request& request) {
  return PostgresTalk(postgres_script(request, "withstand", "serializable", false).value());
}

Request transfer() {
  Request request{1, Kind::transfer, "a0", "3", ""};
  request.expected = "a1";
  return request;
}

TEST(PostgresScript, RegistersHaveNone) {
  EXPECT_FALSE(postgres_script({1, Kind::read, "k", "", ""}, "withstand", "serializable", false));
  EXPECT_FALSE(postgres_script({1, Kind::write, "k", "v", ""}, "withstand", "serializable", false));
}

TEST(PostgresScript, ATransferReadsAndThenWritesWhatItComputed) {
  auto talk = talk_of(transfer());
  EXPECT_EQ(talk.first().text, "BEGIN ISOLATION LEVEL serializable");
  EXPECT_FALSE(talk.may_be_done());
  EXPECT_THAT(talk.next(command())->values, ::testing::ElementsAre("a0"));
  EXPECT_THAT(talk.next(rows({{"100"}}))->values, ::testing::ElementsAre("a1"));
  EXPECT_THAT(talk.next(rows({{"50"}}))->values, ::testing::ElementsAre("a0", "97"));
  EXPECT_THAT(talk.next(command())->values, ::testing::ElementsAre("a1", "53"));
  EXPECT_EQ(talk.outcome({true, {}}).fate, Fate::refused) << "the connection was lost before the commit";
  EXPECT_EQ(talk.next(command())->text, "COMMIT");
  EXPECT_TRUE(talk.may_be_done());
  EXPECT_EQ(talk.outcome({true, {}}).fate, Fate::unknown);
  EXPECT_FALSE(talk.next(command(true)));
  EXPECT_EQ(talk.outcome({true, command(true)}).fate, Fate::done);
}

TEST(PostgresScript, WhatCannotBeIsRolledBackAndDeclined) {
  auto talk = talk_of(transfer());
  (void)talk.first();
  (void)talk.next(command());
  EXPECT_EQ(talk.next(rows({{"2"}}))->text, "ROLLBACK");
  EXPECT_FALSE(talk.next(command(true)));
  const auto told = talk.outcome({true, command(true)});
  EXPECT_EQ(told.fate, Fate::refused);
  EXPECT_TRUE(told.declined);
  EXPECT_EQ(told.error, "there is less in the account");
}

TEST(PostgresScript, WhatIsToBeTriedAgainIsDeclinedAndOtherErrorsAreErrors) {
  for (const auto& [state, declined] :
       {std::pair{"40001", true}, std::pair{"40P01", true}, std::pair{"53300", false}}) {
    auto talk = talk_of(transfer());
    (void)talk.first();
    (void)talk.next(command());
    EXPECT_EQ(talk.next(error(state))->text, "ROLLBACK");
    EXPECT_EQ(talk.outcome({true, command(true)}).fate, Fate::refused);
    EXPECT_EQ(talk.outcome({true, command(true)}).declined, declined) << state;
  }
}

TEST(PostgresScript, AServerThatGoesAwayBeforeTheCommitHasDoneNothing) {
  auto talk = talk_of(transfer());
  (void)talk.first();
  (void)talk.next(command());
  auto shutdown = error("57P01");
  shutdown.severity = "FATAL";
  (void)talk.next(shutdown);
  EXPECT_EQ(talk.outcome({true, {}}).fate, Fate::refused);
  EXPECT_FALSE(talk.outcome({true, {}}).declined);
}

TEST(PostgresScript, StepsGiveTheListsTheyRead) {
  Request request;
  request.kind = Kind::transaction;
  request.steps = {{Step::Kind::read, "t1", 0}, {Step::Kind::append, "t1", 9}, {Step::Kind::read, "t2", 0}};
  for (const bool mixed : {false, true}) {
    PostgresTalk talk(postgres_script(request, "withstand", "serializable", mixed).value());
    (void)talk.first();
    if (mixed) {
      EXPECT_EQ(talk.next(command())->text, "SET LOCAL synchronous_commit = local");
    }
    (void)talk.next(command());
    (void)talk.next(rows({{"4,5"}}));
    (void)talk.next(command());
    EXPECT_EQ(talk.next(rows({}))->text, "COMMIT");
    EXPECT_EQ(talk.outcome({true, command(true)}).json, R"([["r","t1",[4,5]],["append","t1",9],["r","t2",[]]])");
  }
}

TEST(PostgresScript, AnInsertLooksForBothHalvesFirst) {
  auto talk = talk_of({4, Kind::insert, "p2", "5", ""});
  (void)talk.first();
  (void)talk.next(command());
  EXPECT_THAT(talk.next(rows({}))->values, ::testing::ElementsAre("p2", "0", "5"));
  auto late = talk_of({5, Kind::insert, "p2", "6", ""});
  (void)late.first();
  (void)late.next(command());
  EXPECT_EQ(late.next(rows({{"0"}}))->text, "ROLLBACK");
}

TEST(PostgresScript, OneStatementIsUnknownUntilItIsConfirmed) {
  auto talk = talk_of({1, Kind::dequeue, "q0", "", ""});
  EXPECT_THAT(talk.first().text, ::testing::HasSubstr("SKIP LOCKED"));
  EXPECT_TRUE(talk.may_be_done());
  EXPECT_EQ(talk.outcome({true, {}}).fate, Fate::unknown);
  EXPECT_FALSE(talk.next(rows({{"7"}}, true)));
  EXPECT_EQ(talk.outcome({true, rows({{"7"}}, true)}).json, "7");
  auto empty = talk_of({1, Kind::dequeue, "q0", "", ""});
  (void)empty.first();
  EXPECT_FALSE(empty.next(rows({}, true)));
  EXPECT_TRUE(empty.outcome({true, rows({}, true)}).declined);
  EXPECT_EQ(empty.outcome({true, rows({}, true)}).error, "empty");
}

}  // namespace
}  // namespace withstand::load
