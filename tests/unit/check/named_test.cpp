// Judges of one promise each: what must hold, what must fail, and damage that must turn the one into the other.

#include "check/named/named.hpp"

#include <gmock/gmock.h>

#include "sketch.hpp"

namespace withstand::check {
namespace {

using record::Outcome;
using testing::edn;
using ::testing::HasSubstr;
using testing::Sketch;

TEST(SetFull, TellsLostFromStaleAndUnknown) {
  Sketch good;
  good.add(0, "add", "1", "1", 0, 10);
  good.add(1, "add", "2", "2", 5, 15, Outcome::info);
  good.add(2, "read", "nil", "[2]", 20, 25);  // 1 is late
  good.add(2, "read", "nil", "[1 2]", 30, 35);
  const auto held = judge_set(good.history);
  EXPECT_EQ(held.judgement, Judgement::held) << held.summary;
  EXPECT_THAT(held.summary, HasSubstr("0 were lost and 1 seen late (median 10 events"));
  EXPECT_THAT(held.summary, HasSubstr("1 of unknown outcome were there"));
  good.add(3, "read", "nil", "[2]", 40, 45);
  const auto lost = judge_set(good.history);
  EXPECT_EQ(lost.judgement, Judgement::failed);
  EXPECT_EQ(lost.culprits, (std::vector<std::uint32_t>{0, 4}));
}

TEST(SetFull, NoticesDuplicatesAndWhatComesFromNowhere) {
  Sketch twice;
  twice.add(0, "add", "1", "1", 0, 10);
  twice.add(1, "read", "nil", "[1 1]", 20, 25);
  EXPECT_THAT(judge_set(twice.history).explanation[0], HasSubstr("a member twice"));
  Sketch failed;
  failed.add(0, "add", "1", "1", 0, 10);
  failed.add(0, "add", "2", "2", 11, 12, Outcome::fail);
  failed.add(1, "read", "nil", "[1 2]", 20, 25);
  EXPECT_EQ(judge_set(failed.history).judgement, Judgement::failed);
  EXPECT_EQ(judge_set(edn("")).judgement, Judgement::inconclusive);
}

TEST(CounterBounds, LieBetweenWhatWasAndWhatMayBe) {
  for (const auto& [seen, outcome] : {std::pair(4, Judgement::failed),
                                      {5, Judgement::held},
                                      {7, Judgement::held},
                                      {9, Judgement::held},
                                      {10, Judgement::failed}}) {
    Sketch sketch;
    sketch.add(0, "add", "5", "nil", 0, 10);
    sketch.add(1, "add", "2", "nil", 15, 30);
    sketch.add(2, "add", "2", "nil", 5, 8, Outcome::info);
    sketch.add(3, "read", "nil", std::to_string(seen), 20, 25);
    EXPECT_EQ(judge_counter(sketch.history).judgement, outcome) << seen;
  }
}

TEST(TotalQueue, CountsMessages) {
  Sketch sketch;
  sketch.add(0, "enqueue", "1", "1", 0, 1);
  sketch.add(0, "enqueue", "2", "2", 2, 3);
  sketch.add(1, "dequeue", "nil", "2", 4, 5);
  EXPECT_EQ(judge_total_queue(sketch.history).judgement, Judgement::inconclusive) << "1 may still be there";
  sketch.add(1, "drain", "nil", "[1]", 6, 7);
  EXPECT_EQ(judge_total_queue(sketch.history).judgement, Judgement::held);
  sketch.history.operations.back().output = sketch.value("[]");
  EXPECT_THAT(judge_total_queue(sketch.history).explanation[0], HasSubstr("lost"));
  sketch.history.operations.back().output = sketch.value("[1 2]");
  EXPECT_THAT(judge_total_queue(sketch.history).explanation[0], HasSubstr("duplicated"));
  sketch.history.operations.back().output = sketch.value("[1 3]");
  EXPECT_THAT(judge_total_queue(sketch.history).explanation[0], HasSubstr("from nowhere"));
}

/// The same operations, each on a key of its own, must be judged as if the others were not there.
TEST(Keys, AreJudgedApart) {
  const auto on = [](Sketch& sketch, const char* key) { sketch.history.operations.back().key = sketch.value(key); };
  Sketch sets;
  for (const char* key : {"\"a\"", "\"b\""}) {
    sets.add(0, "add", key, key, 0, 10);
    on(sets, key);
    sets.add(1, "read", "nil", std::string("[") + key + "]", 20, 25);
    on(sets, key);
  }
  EXPECT_EQ(judge_set(sets.history).judgement, Judgement::held) << judge_set(sets.history).summary;
  EXPECT_THAT(judge_set(sets.history).summary, HasSubstr("2 acknowledged adds of 2 keys"));
  sets.add(1, "read", "nil", "[]", 30, 35);
  on(sets, "\"b\"");
  EXPECT_EQ(judge_set(sets.history).culprits, (std::vector<std::uint32_t>{2, 4}));

  Sketch counters;
  for (const char* key : {"\"a\"", "\"b\""}) {
    counters.add(0, "add", "3", "nil", 0, 10);
    on(counters, key);
    counters.add(1, "read", "nil", "3", 20, 25);
    on(counters, key);
  }
  EXPECT_EQ(judge_counter(counters.history).judgement, Judgement::held);
  counters.history.operations.back().output = counters.value("6");
  EXPECT_EQ(judge_counter(counters.history).culprits, (std::vector<std::uint32_t>{3}));

  Sketch queues;
  queues.add(0, "enqueue", "1", "1", 0, 10);
  on(queues, "\"a\"");
  queues.add(1, "dequeue", "nil", "nil", 20, 25);
  on(queues, "\"b\"");
  EXPECT_EQ(judge_total_queue(queues.history).judgement, Judgement::inconclusive) << "only the other one was empty";
  queues.add(1, "dequeue", "nil", "1", 30, 35);
  on(queues, "\"b\"");
  EXPECT_THAT(judge_total_queue(queues.history).explanation[0], HasSubstr("from nowhere"));
  queues.history.operations.back().key = queues.value("\"a\"");
  EXPECT_EQ(judge_total_queue(queues.history).judgement, Judgement::held);
}

TEST(UniqueIds, AreDifferent) {
  Sketch sketch;
  sketch.add(0, "generate", "nil", "\"a\"", 0, 1);
  sketch.add(1, "generate", "nil", "\"b\"", 0, 1);
  EXPECT_EQ(judge_unique_ids(sketch.history).judgement, Judgement::held);
  sketch.add(2, "generate", "nil", "\"a\"", 2, 3);
  EXPECT_EQ(judge_unique_ids(sketch.history).judgement, Judgement::failed);
}

TEST(Bank, KeepsItsTotal) {
  Sketch sketch;
  sketch.add(0, "read", "nil", "{0 10, 1 20}", 0, 1);
  EXPECT_EQ(judge_bank(sketch.history, {}).judgement, Judgement::inconclusive);
  EXPECT_EQ(judge_bank(sketch.history, {30, false}).judgement, Judgement::held);
  sketch.add(1, "transfer", "{:from 0 :to 1 :amount 15}", "nil", 2, 3);
  sketch.add(0, "read", "nil", "{0 -5, 1 35}", 4, 5);
  EXPECT_EQ(judge_bank(sketch.history, {}).judgement, Judgement::failed);
  EXPECT_EQ(judge_bank(sketch.history, {std::nullopt, true}).judgement, Judgement::held);
  sketch.add(0, "read", "nil", "{0 -5, 1 34}", 6, 7);
  EXPECT_EQ(judge_bank(sketch.history, {std::nullopt, true}).judgement, Judgement::failed);
}

TEST(Lock, FencesWithTokens) {
  Sketch sketch;
  sketch.add(0, "acquire", "nil", "1", 0, 10);
  sketch.add(0, "use", "1", "nil", 11, 12);
  sketch.add(0, "release", "nil", "nil", 20, 30);
  sketch.add(1, "acquire", "nil", "2", 15, 40);
  sketch.add(1, "use", "2", "nil", 41, 42);
  EXPECT_EQ(judge_lock(sketch.history).judgement, Judgement::held) << judge_lock(sketch.history).summary;
  const auto whole = sketch.history;
  sketch.add(0, "use", "1", "nil", 50, 51);
  EXPECT_THAT(judge_lock(sketch.history).explanation[0], HasSubstr("stale token accepted"));
  sketch.history = whole;
  sketch.history.operations[3].end = sketch.history.operations[3].end_time = 18;
  EXPECT_THAT(judge_lock(sketch.history).explanation[0], HasSubstr("held twice"));
  sketch.history = whole;
  sketch.history.operations[3].output = Value::integer(1);
  EXPECT_THAT(judge_lock(sketch.history).explanation[0], HasSubstr("token not greater"));
}

TEST(Leases, DoNotOverlap) {
  Sketch sketch;
  sketch.history.timed = true;
  sketch.add(0, "acquire", "nil", "100", 0, 10);
  sketch.add(1, "acquire", "nil", "100", 90, 120);
  EXPECT_EQ(judge_leases(sketch.history).judgement, Judgement::held);
  sketch.history.operations[1].end_time = 95;
  EXPECT_EQ(judge_leases(sketch.history).judgement, Judgement::failed);
  sketch.history.timed = false;
  EXPECT_THAT(judge_leases(sketch.history).misfit, HasSubstr("has none"));
}

TEST(Sessions, SeeTheirOwnGoForward) {
  Sketch sketch;
  sketch.add(0, "write", "nil", "3", 0, 1);
  sketch.add(0, "read", "nil", "4", 2, 3);
  sketch.add(1, "read", "nil", "2", 4, 5);
  EXPECT_EQ(judge_sessions(sketch.history).judgement, Judgement::held);
  EXPECT_EQ(judge_monotonic(sketch.history).judgement, Judgement::failed) << "another client saw less";
  sketch.history.operations[2].process = 0;
  const auto found = judge_sessions(sketch.history);
  EXPECT_EQ(found.judgement, Judgement::failed);
  EXPECT_THAT(found.summary, HasSubstr("1 reads go back, 1 miss an own write"));
  sketch.history.operations[2].output = Value::integer(4);
  EXPECT_EQ(judge_monotonic(sketch.history).judgement, Judgement::held);
}

TEST(LongFork, IsTwoReadsThatDisagree) {
  Sketch sketch;
  sketch.add(0, "read", "nil", "[[:r 0 1] [:r 1 nil]]", 0, 1);
  sketch.add(1, "read", "nil", "[[:r 1 1] [:r 0 1]]", 0, 1);
  EXPECT_EQ(judge_long_fork(sketch.history).judgement, Judgement::held);
  sketch.add(2, "read", "nil", "[[:r 1 1] [:r 0 nil]]", 0, 1);
  EXPECT_EQ(judge_long_fork(sketch.history).judgement, Judgement::failed);
}

}  // namespace
}  // namespace withstand::check
