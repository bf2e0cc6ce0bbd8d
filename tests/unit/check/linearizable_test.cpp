#include "check/linearizable.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "histories.hpp"

namespace withstand::check {
namespace {

using namespace testing;
using record::Outcome;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

record::CheckResult judge(std::vector<record::Operation> operations, const CheckContext& context = {}) {
  return Linearizable().judge(history(std::move(operations)), context);
}

TEST(Linearizable, HoldsForOneAfterTheOther) {
  const auto result =
      judge({read(std::nullopt, {0, 1}), write("a", {2, 3}), read("a", {4, 5}), write("b", {6, 7}), read("b", {8, 9})});
  EXPECT_EQ(result.outcome, "held") << result.summary;
  EXPECT_EQ(result.check, "linearizable");
  EXPECT_THAT(result.summary, HasSubstr("2 acknowledged writes and 3 reads on 1 keys"));
}

TEST(Linearizable, ConcurrentReadsMaySeeOldOrNew) {
  EXPECT_EQ(judge({write("a", {0, 1}), write("b", {2, 10}), read("a", {3, 4}), read("b", {5, 6})}).outcome, "held");
}

TEST(Linearizable, NewThenOldIsAViolationAlthoughTheWriteIsUnderWay) {
  EXPECT_EQ(judge({write("a", {0, 1}), write("b", {2, 10}), read("b", {3, 4}), read("a", {5, 6})}).outcome, "failed");
}

TEST(Linearizable, StaleReadNamesItsThreeOperations) {
  const auto result = judge({write("a", {0, 1}), write("b", {2, 3}), read("a", {4, 5})});
  ASSERT_EQ(result.outcome, "failed");
  EXPECT_THAT(result.summary, HasSubstr("on 1 of 1 keys"));
  EXPECT_THAT(result.explanation,
              ElementsAre("key k:",  //
                          "  1. process 1 wrote \"a\" through n1 from 0.000000s to 0.001000s (acknowledged)",
                          "  2. process 2 wrote \"b\" through n1 from 0.002000s to 0.003000s (acknowledged)",
                          "  3. process 3 read \"a\" through n1 from 0.004000s to 0.005000s",
                          "  1 had ended before 2 began, and 2 before 3 began: \"a\" was there, then \"b\", then "
                          "\"a\" again, although it was written only once.",
                          "  no fault was active then"));
}

TEST(Linearizable, TheEarliestStaleReadIsToldAndTheEarliestKeyFirst) {
  const auto on_y = [](auto made) {
    made.key = "y";
    return made;
  };
  const auto result =
      judge({write("a", {0, 1}), write("b", {10, 11}), write("c", {12, 13}), read("a", {20, 21}), read("a", {30, 31}),
             on_y(write("p", {0, 1})), on_y(write("q", {2, 3})), on_y(read("p", {4, 5}))});
  EXPECT_EQ(result.explanation.at(0), "key y:");
  EXPECT_EQ(result.explanation.at(6), "key k:");
  EXPECT_THAT(result.explanation.at(8), HasSubstr("wrote \"b\""));
  EXPECT_THAT(result.explanation.at(9), HasSubstr("from 0.020000s"));
}

TEST(Linearizable, AViolationUnderAFaultIsToldBeforeAnEarlierOneAndItsTimesAreThePhases) {
  const auto on_y = [](auto made) {
    made.key = "y";
    return made;
  };
  CheckContext context;
  context.phases = {{"before", {0, 15 * ms}}, {"during", {15 * ms, 40 * ms}}};
  context.faults = {{"cut", "network.partition", {"n1→n2"}, {20 * ms, 25 * ms}}};
  const auto operations = history({write("a", {0, 1}), write("b", {2, 3}), read("a", {4, 5}), on_y(write("p", {0, 1})),
                                   on_y(write("q", {16, 17})), on_y(read("p", {24, 26}))});
  const auto result = Linearizable().judge(operations, context);
  EXPECT_THAT(result.explanation.at(0), HasSubstr("key y:"));
  EXPECT_THAT(result.explanation.at(3), HasSubstr("from during+0.009000s to during+0.011000s"));
  EXPECT_EQ(result.explanation.at(5),
            "  active then: cut (network.partition on n1→n2) from during+0.005000s to during+0.010000s");
  EXPECT_THAT(result.explanation.at(6), HasSubstr("key k:"));
  EXPECT_EQ(result.explanation.at(11), "  no fault was active then");
}

TEST(Linearizable, ReadingNothingAfterAnAcknowledgedWriteIsAViolation) {
  const auto result = judge({write("a", {0, 1}), read("a", {2, 3}), read(std::nullopt, {4, 5})});
  ASSERT_EQ(result.outcome, "failed");
  EXPECT_THAT(result.explanation.at(3), HasSubstr("\"a\" was there, and then the key held nothing"));
}

TEST(Linearizable, ReadingNothingBetweenTwoSightsOfAValueIsAViolation) {
  EXPECT_EQ(judge({write("a", {0, 9}), read("a", {1, 2}), read(std::nullopt, {3, 4}), read("a", {5, 6})}).outcome,
            "failed");
}

TEST(Linearizable, AWriteOfUnknownOutcomeMayHaveHappenedOrNot) {
  EXPECT_EQ(judge({write("a", {0, 1}), write("b", {2, 3}, Outcome::info), read("a", {4, 5})}).outcome, "held");
  EXPECT_EQ(judge({write("a", {0, 1}), write("b", {2, 3}, Outcome::info), read("b", {4, 5})}).outcome, "held");
  // It may take effect long after its timeout, but not come and go.
  EXPECT_EQ(
      judge({write("a", {0, 1}), write("b", {2, 3}, Outcome::info), read("a", {4, 5}), read("b", {6, 7})}).outcome,
      "held");
  EXPECT_EQ(
      judge({write("a", {0, 1}), write("b", {2, 3}, Outcome::info), read("b", {4, 5}), read("a", {6, 7})}).outcome,
      "failed");
}

TEST(Linearizable, AnUnansweredReadSaysNothing) {
  EXPECT_EQ(judge({write("a", {0, 1}), read("a", {2, 3}), read("zzz", {4, 5}, Outcome::info)}).outcome, "held");
  EXPECT_EQ(judge({write("a", {0, 1}), read("a", {2, 3}), read("zzz", {4, 5}, Outcome::fail)}).outcome, "held");
}

TEST(Linearizable, AFailedWriteDidNotHappen) {
  EXPECT_EQ(judge({write("a", {0, 1}), write("b", {2, 3}, Outcome::fail), read("a", {4, 5})}).outcome, "held");
  const auto result = judge({write("a", {0, 1}), write("b", {2, 3}, Outcome::fail), read("b", {4, 5})});
  EXPECT_EQ(result.outcome, "failed");
  EXPECT_THAT(result.explanation.at(3), HasSubstr("The write had not happened, and yet its value was read"));
  EXPECT_EQ(judge({write("a", {0, 1}), write("b", {2, 3}, Outcome::dropped), read("b", {4, 5})}).outcome, "failed");
}

TEST(Linearizable, AValueFromNowhereIsAViolation) {
  const auto result = judge({write("a", {0, 1}), read("b", {2, 3})});
  EXPECT_EQ(result.outcome, "failed");
  EXPECT_THAT(result.explanation.at(2), HasSubstr("Nobody ever wrote that value to this key"));
}

TEST(Linearizable, AValueReadBeforeItsWriteBeganIsAViolation) {
  const auto result = judge({read("a", {0, 1}), write("a", {2, 3})});
  EXPECT_EQ(result.outcome, "failed");
  EXPECT_THAT(result.explanation.at(3), HasSubstr("the value was read before it was written"));
}

TEST(Linearizable, IntervalsAreClosed) {
  EXPECT_EQ(judge({write("a", {0, 1}), write("b", {1, 2}), read("a", {2, 3}), read("b", {3, 4})}).outcome, "held");
  EXPECT_EQ(judge({write("a", {0, 1}), write("b", {2, 3}), read("a", {3, 4}), read("b", {5, 6})}).outcome, "held");
  EXPECT_EQ(judge({read("a", {0, 1}), write("a", {1, 2})}).outcome, "held");
}

TEST(Linearizable, FourOperationsThatCross) {
  // Neither value has an operation that lies wholly between two of the other.
  const auto result =
      judge({write("a", {0, 1}), write("b", {0, 5}), read("b", {2, 3}), read("a", {4, 8}), read("b", {7, 9})});
  ASSERT_EQ(result.outcome, "failed");
  const auto crossed = judge({write("a", {0, 10}), write("b", {0, 10}), read("a", {1, 2}), read("b", {1, 3}),
                              read("a", {4, 9}), read("b", {4, 9})});
  ASSERT_EQ(crossed.outcome, "failed");
  EXPECT_EQ(crossed.explanation.size(), 7U);
  EXPECT_THAT(crossed.explanation.at(5), HasSubstr("both cannot be"));
}

TEST(Linearizable, KeysAreIndependent) {
  const auto result = judge({operation("write", "x", "1", {0, 1}), operation("write", "y", "2", {2, 3}),
                             operation("read", "x", "1", {4, 5}), operation("read", "y", std::nullopt, {0, 1})});
  EXPECT_EQ(result.outcome, "held") << result.summary;
}

TEST(Linearizable, NamesTheFaultsThatWereActive) {
  CheckContext context;
  context.faults = {{"cut", "network.partition", {"n1→n2"}, {1 * ms, 3 * ms}},
                    {"late", "process.kill", {"n3"}, {50 * ms, INT64_MAX}}};
  const auto result = judge({write("a", {0, 1}), write("b", {2, 3}), read("a", {4, 5})}, context);
  EXPECT_EQ(result.explanation.back(), "  active then: cut (network.partition on n1→n2) from 0.001000s to 0.003000s");
  context.faults[0].on = {"a→b", "a→c", "a→d", "b→a", "c→a", "d→a"};
  EXPECT_THAT(judge({write("a", {0, 1}), write("b", {2, 3}), read("a", {4, 5})}, context).explanation.back(),
              HasSubstr("(network.partition on a→b, a→c, a→d, b→a and 2 more)"));
}

TEST(Linearizable, TooLittleEvidenceIsInconclusive) {
  EXPECT_EQ(judge({}).outcome, "inconclusive");
  EXPECT_EQ(judge({write("a", {0, 1})}).summary, "no read succeeded");
  EXPECT_EQ(judge({read(std::nullopt, {0, 1})}).summary, "no write succeeded");
  EXPECT_EQ(judge({read(std::nullopt, {0, 1}), write("a", {2, 3})}).summary,
            "no read returned a value that was written");
  EXPECT_EQ(judge({read(std::nullopt, {0, 1}), write("a", {2, 3})}).outcome, "inconclusive");
}

TEST(Linearizable, ValuesThatAreNotUniqueCannotBeJudged) {
  const auto result = judge({write("a", {0, 1}), write("a", {2, 3}), read("a", {4, 5})});
  EXPECT_EQ(result.outcome, "inconclusive");
  EXPECT_THAT(result.explanation.at(3), HasSubstr("values are not unique"));
  // A violation on another key still wins.
  const auto mixed = judge({write("a", {0, 1}), write("a", {2, 3}), operation("read", "x", "zzz", {4, 5})});
  EXPECT_EQ(mixed.outcome, "failed");
}

TEST(Linearizable, AnOperationThatEndsBeforeItStartsCannotBeJudged) {
  EXPECT_EQ(judge({write("a", {1, 0}), read("a", {2, 3})}).outcome, "inconclusive");
}

TEST(Linearizable, TheReadBackCountsToo) {
  auto stale = read("a", {8, 9});
  stale.final_read = true;
  EXPECT_EQ(judge({write("a", {0, 1}), write("b", {2, 3}), read("b", {4, 5}), stale}).outcome, "failed");
}

}  // namespace
}  // namespace withstand::check
