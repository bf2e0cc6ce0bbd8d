#include "check/write_once.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "histories.hpp"

namespace withstand::check {
namespace {

using namespace testing;
using record::Operation;
using record::Outcome;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Operation put(const std::string& key, Times times, Outcome outcome = Outcome::ok) {
  return operation("write", key, "v-" + key, times, outcome);
}

Operation back(const std::string& node, const std::string& key, std::optional<std::string> value,
               Outcome outcome = Outcome::ok) {
  auto made = operation("read", key, std::move(value), {900, 901}, outcome, node);
  made.final_read = true;
  return made;
}

CheckContext live(std::vector<std::string> nodes) {
  CheckContext context;
  context.live_nodes = std::move(nodes);
  return context;
}

record::CheckResult judge(std::vector<Operation> operations, const CheckContext& context = {}) {
  return NoAcknowledgedWriteLost().judge(history(std::move(operations)), context);
}

TEST(NoAcknowledgedWriteLost, HoldsWhenEveryLiveNodeHasEverything) {
  const auto result = judge({put("a", {0, 1}), put("b", {2, 3}, Outcome::info), put("c", {4, 5}, Outcome::info),
                             back("n1", "a", "v-a"), back("n2", "a", "v-a"), back("n1", "b", "v-b"),
                             back("n2", "b", "v-b"), back("n1", "c", std::nullopt), back("n2", "c", std::nullopt)},
                            live({"n1", "n2"}));
  EXPECT_EQ(result.outcome, "held");
  EXPECT_EQ(result.summary,
            "1 acknowledged writes read back through n1, n2; of 2 writes of unknown outcome 1 were there");
}

TEST(NoAcknowledgedWriteLost, AKeyThatWasLackingOnceIsLostWhateverIsReadLater) {
  for (const auto& answers : std::vector<std::vector<std::optional<std::string>>>{
           {"v-a", std::nullopt, "v-a"}, {std::nullopt, "v-a"}, {"v-a", std::nullopt}}) {
    std::vector<Operation> all{put("a", {1, 2})};
    for (const auto& answer : answers) all.push_back(back("n1", "a", answer));
    EXPECT_EQ(judge(all, live({"n1"})).outcome, "failed");
  }
}

TEST(NoAcknowledgedWriteLost, AMissingKeyIsNamedWithItsAcknowledgementAndTheFaultsOfThatTime) {
  auto context = live({"n1", "n2"});
  context.faults = {{"cut", "network.partition", {"n1→n2"}, {0, 10 * ms}}};
  const auto result = judge({put("a", {1, 2}), back("n1", "a", "v-a"), back("n2", "a", std::nullopt)}, context);
  EXPECT_EQ(result.outcome, "failed");
  EXPECT_EQ(result.summary,
            "1 of 1 acknowledged writes were lost (1 of them on some nodes only: another still has them)");
  ASSERT_THAT(result.explanation, SizeIs(1));
  EXPECT_EQ(result.explanation[0],
            "key a: process 1 wrote \"v-a\" through n1 from 0.001000s to 0.002000s (acknowledged); read back: n2 has "
            "nothing; active then: cut (network.partition on n1→n2) from 0.000000s to 0.010000s");
}

TEST(NoAcknowledgedWriteLost, WhatIsGoneEverywhereStandsBeforeWhatIsMissingSomewhere) {
  const auto result = judge({put("a", {1, 2}), put("b", {3, 4}), back("n1", "a", "v-a"), back("n2", "a", std::nullopt),
                             back("n1", "b", std::nullopt), back("n2", "b", std::nullopt)},
                            live({"n1", "n2"}));
  EXPECT_EQ(result.summary,
            "2 of 2 acknowledged writes were lost (1 of them on some nodes only: another still has them)");
  ASSERT_THAT(result.explanation, SizeIs(2));
  EXPECT_THAT(result.explanation[0], ::testing::StartsWith("key b"));
}

TEST(NoAcknowledgedWriteLost, AnotherValueIsALossToo) {
  const auto result = judge({put("a", {1, 2}), back("n1", "a", "v-z")});
  EXPECT_EQ(result.outcome, "failed");
  EXPECT_THAT(result.explanation.at(0), HasSubstr("n1 has \"v-z\""));
}

TEST(NoAcknowledgedWriteLost, AKeyThatCouldNotBeReadBackIsInconclusiveAndNamesTheNode) {
  const auto failed_read = judge(
      {put("a", {1, 2}), back("n1", "a", "v-a"), back("n2", "a", std::nullopt, Outcome::info)}, live({"n1", "n2"}));
  EXPECT_EQ(failed_read.outcome, "inconclusive");
  EXPECT_EQ(failed_read.summary, "1 acknowledged keys could not be read back through n2");
  const auto never_asked = judge({put("a", {1, 2}), back("n1", "a", "v-a")}, live({"n1", "n2"}));
  EXPECT_EQ(never_asked.outcome, "inconclusive");
}

TEST(NoAcknowledgedWriteLost, ALossWinsOverAKeyThatCouldNotBeReadBack) {
  EXPECT_EQ(judge({put("a", {1, 2}), back("n1", "a", std::nullopt)}, live({"n1", "n2"})).outcome, "failed");
}

TEST(NoAcknowledgedWriteLost, ARepeatedReadBackCountsOnceItSucceeds) {
  EXPECT_EQ(judge({put("a", {1, 2}), back("n1", "a", std::nullopt, Outcome::info), back("n1", "a", "v-a")}).outcome,
            "held");
}

TEST(NoAcknowledgedWriteLost, ANodeThatIsNotLiveNeedNotAnswer) {
  EXPECT_EQ(
      judge({put("a", {1, 2}), back("n1", "a", "v-a"), back("n2", "a", std::nullopt, Outcome::fail)}, live({"n1"}))
          .outcome,
      "held");
}

TEST(NoAcknowledgedWriteLost, ValuesThatWereNeverAttemptedOrFailedAreFailures) {
  EXPECT_EQ(judge({put("a", {1, 2}), back("n1", "a", "v-a"), back("n1", "ghost", "boo")}).outcome, "failed");
  const auto failed_write =
      judge({put("a", {1, 2}), put("b", {3, 4}, Outcome::fail), back("n1", "a", "v-a"), back("n1", "b", "v-b")});
  EXPECT_EQ(failed_write.outcome, "failed");
  EXPECT_EQ(failed_write.summary, "1 reads returned a value that was never written there, or not yet");
  const auto during_load = judge({put("a", {1, 2}), operation("read", "a", "zzz", {3, 4}), back("n1", "a", "v-a")});
  EXPECT_EQ(during_load.outcome, "failed");
}

TEST(NoAcknowledgedWriteLost, AValueCannotBeReadBeforeItIsWritten) {
  const auto early = judge({operation("read", "a", "v-a", {1, 2}), put("a", {3, 4}), back("n1", "a", "v-a")});
  EXPECT_EQ(early.outcome, "failed");
  EXPECT_EQ(early.summary, "1 reads returned a value that was never written there, or not yet");
  EXPECT_EQ(judge({operation("read", "a", "v-a", {1, 3}), put("a", {3, 4}), back("n1", "a", "v-a")}).outcome, "held")
      << "they may have been concurrent";
  auto back_early = back("n1", "a", "v-a");
  back_early.sent = 1 * ms;
  back_early.done = 2 * ms;
  EXPECT_EQ(judge({back_early, put("a", {3, 4}), back("n1", "a", "v-a")}).outcome, "failed");
}

TEST(NoAcknowledgedWriteLost, AReadBackThatBeganBeforeTheAcknowledgementNeedNotSeeTheWrite) {
  const auto at = [](std::int64_t from, std::int64_t to) {
    auto made = back("n1", "a", std::nullopt);
    made.sent = from * ms;
    made.done = to * ms;
    return made;
  };
  for (const auto& [from, to] : {std::pair(1, 2), std::pair(1, 5), std::pair(4, 6)}) {
    const auto result = judge({put("a", {3, 4}), at(from, to)});
    EXPECT_EQ(result.outcome, "inconclusive") << from;
    EXPECT_EQ(result.summary, "1 acknowledged keys could not be read back through n1");
    EXPECT_EQ(judge({put("a", {3, 4}), at(from, to), back("n1", "a", "v-a")}).outcome, "held");
  }
  EXPECT_EQ(judge({put("a", {3, 4}), at(5, 6)}).outcome, "failed");
}

TEST(NoAcknowledgedWriteLost, AnUnknownWriteReadBackWithAnotherValueIsAFailure) {
  EXPECT_EQ(judge({put("a", {1, 2}), put("b", {3, 4}, Outcome::info), back("n1", "a", "v-a"), back("n1", "b", "v-q")})
                .outcome,
            "failed");
}

TEST(NoAcknowledgedWriteLost, TooLittleEvidenceIsInconclusive) {
  EXPECT_EQ(judge({}).summary, "no write was acknowledged");
  EXPECT_EQ(judge({put("a", {1, 2}, Outcome::info), back("n1", "a", "v-a")}).outcome, "inconclusive");
  EXPECT_EQ(judge({put("a", {1, 2})}).summary, "nothing was read back after recovery");
  EXPECT_EQ(judge({put("a", {1, 2}), put("a", {3, 4}), back("n1", "a", "v-a")}).summary,
            "key a was written more than once");
}

TEST(NoAcknowledgedWriteLost, ListsTheFirstTenKeys) {
  std::vector<Operation> all;
  for (int i = 0; i < 25; ++i) {
    all.push_back(put("k" + std::to_string(i), {i, i + 1}));
    all.push_back(back("n1", "k" + std::to_string(i), std::nullopt));
  }
  const auto result = judge(std::move(all));
  EXPECT_EQ(result.summary, "25 of 25 acknowledged writes were lost");
  ASSERT_THAT(result.explanation, SizeIs(11));
  EXPECT_THAT(result.explanation.front(), HasSubstr("key k0:"));
  EXPECT_EQ(result.explanation.back(), "and 15 more keys");
}

TEST(JudgeLoad, EveryKindMustHaveSucceededOnce) {
  const auto all = history({put("a", {1, 2}), operation("read", "a", std::nullopt, {3, 4}, Outcome::fail)});
  const auto result = judge_load(all, {});
  EXPECT_EQ(result.outcome, "inconclusive");
  EXPECT_EQ(result.summary, "0 of 1 operations \"read\" succeeded; 1 of 1 operations \"write\" succeeded");
  EXPECT_EQ(judge_load(history({put("a", {1, 2})}), {}).outcome, "held");
  CheckContext context;
  context.operation_kinds = {"read", "write"};
  EXPECT_EQ(judge_load(history({put("a", {1, 2})}), context).outcome, "inconclusive");
  EXPECT_EQ(judge_load({}, {}).summary, "there were no operations");
}

TEST(JudgeLoad, TellsTheCommonestErrors) {
  std::vector<Operation> all{put("a", {1, 2})};
  for (int i = 0; i < 6; ++i) {
    all.push_back(put("k" + std::to_string(i), {10 + i, 11 + i}, i < 4 ? Outcome::fail : Outcome::info));
    all.back().error = i < 4 ? "HTTP 501" : "timeout";
  }
  CheckContext context;
  context.phases = {{"before", {0, 100 * ms}}};
  EXPECT_THAT(judge_load(history(std::move(all)), context).explanation,
              ::testing::ElementsAre("4 × \"write\" due in before: HTTP 501", "2 × \"write\" due in before: timeout"));
}

TEST(Checkers, AreFoundByName) {
  EXPECT_EQ(find_checker("linearizable")->name(), "linearizable");
  EXPECT_TRUE(find_checker("no-acknowledged-write-lost")->applies_to("write-once"));
  EXPECT_FALSE(find_checker("linearizable")->applies_to("write-once"));
  EXPECT_EQ(find_checker("nonsense"), nullptr);
}

}  // namespace
}  // namespace withstand::check
