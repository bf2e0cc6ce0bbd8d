#include "load/redis_commands.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace withstand::load {
namespace {

using Kind = Request::Kind;
using AnswerType = RedisAnswer::Type;
using ::testing::ElementsAre;

std::vector<std::string> words(const Request& request) { return redis_words(request, false, 500, 3); }

RedisAnswer integer(const std::string& digits) { return {AnswerType::integer, digits, {}}; }
RedisAnswer text(const std::string& bytes) { return {AnswerType::text, bytes, {}}; }
RedisAnswer list(std::vector<RedisAnswer> items) { return {AnswerType::list, "", std::move(items)}; }

TEST(RedisCommands, OneCommandForEachOperation) {
  EXPECT_THAT(words({1, Kind::add, "s0", "7", ""}), ElementsAre("SADD", "s0", "7"));
  EXPECT_THAT(words({1, Kind::members, "s0", "", ""}), ElementsAre("SMEMBERS", "s0"));
  EXPECT_THAT(words({1, Kind::increment, "n0", "3", ""}), ElementsAre("INCRBY", "n0", "3"));
  EXPECT_THAT(words({1, Kind::enqueue, "q0", "7", ""}), ElementsAre("RPUSH", "q0", "7"));
  EXPECT_THAT(words({1, Kind::dequeue, "q0", "", ""}), ElementsAre("LPOP", "q0"));
  EXPECT_THAT(words({1, Kind::balances, "", "", ""}), ElementsAre("MGET", "a0", "a1", "a2"));
  EXPECT_THAT(words({1, Kind::acquire, "l0", "c1-4", ""}),
              ElementsAre("EVAL", ::testing::HasSubstr("'NX', 'PX'"), "2", "l0", "l0-token", "c1-4", "500"));
}

TEST(RedisCommands, ATransactionIsOneScriptAndItsListsComeBackInOrder) {
  Request request;
  request.kind = Kind::transaction;
  request.steps = {{Step::Kind::read, "t1", 0}, {Step::Kind::append, "t1", 9}, {Step::Kind::read, "t2", 0}};
  EXPECT_THAT(words(request), ElementsAre("EVAL", ::testing::_, "3", "t1", "t1", "t2", "", "9", ""));
  const auto told = judge_redis(request, list({list({text("4"), text("5")}), list({})}));
  EXPECT_EQ(told.fate, Fate::done);
  EXPECT_EQ(told.json, R"([["r","t1",[4,5]],["append","t1",9],["r","t2",[]]])");
}

TEST(RedisCommands, WhatIsAsItShouldBeIsDeclinedAndWhatIsStrangeIsUnknown) {
  const auto judge = [](Kind kind, const RedisAnswer& answer) {
    return judge_redis(Request{1, kind, "k", "1", ""}, answer);
  };
  for (const auto kind : {Kind::cas, Kind::transfer, Kind::release, Kind::acquire}) {
    EXPECT_TRUE(judge(kind, integer("0")).declined);
    EXPECT_EQ(judge(kind, integer("0")).fate, Fate::refused);
    EXPECT_EQ(judge(kind, integer("1")).fate, Fate::done);
    EXPECT_EQ(judge(kind, text("x")).fate, Fate::unknown);
  }
  EXPECT_EQ(judge(Kind::dequeue, RedisAnswer{}).error, "empty");
  EXPECT_TRUE(judge(Kind::dequeue, RedisAnswer{}).declined);
  EXPECT_EQ(judge(Kind::dequeue, text("12")).json, "12");
  EXPECT_EQ(judge(Kind::dequeue, text("1\"2")).json, R"("1\"2")") << "what nobody wrote is shown as it is";
  EXPECT_EQ(judge(Kind::acquire, integer("17")).json, "17");
  EXPECT_EQ(judge(Kind::count, RedisAnswer{}).json, "0");
  EXPECT_EQ(judge(Kind::balances, list({text("99"), RedisAnswer{}})).json, R"({"a0":99,"a1":100})");
  EXPECT_EQ(judge(Kind::add, {AnswerType::error, "READONLY You can't write", {}}).fate, Fate::refused);
  EXPECT_FALSE(judge(Kind::add, {AnswerType::error, "READONLY You can't write", {}}).declined) << "that is an error";
}

}  // namespace
}  // namespace withstand::load
