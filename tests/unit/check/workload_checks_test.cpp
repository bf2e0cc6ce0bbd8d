// The checks of runs: a run's operations become a history of any model, and the model's judge says what of them.

#include "check/workload_checks.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "check/named/write_skew.hpp"
#include "histories.hpp"
#include "sketch.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::check {
namespace {

using namespace testing;
using record::Operation;
using record::Outcome;
using ::testing::HasSubstr;

Operation with_json(std::string op, std::string key, std::string value, Times times, Outcome outcome = Outcome::ok) {
  auto out = operation(std::move(op), std::move(key), std::move(value), times, outcome);
  out.json = true;
  return out;
}

record::CheckResult judge(const char* check, const char* workload, std::vector<Operation> operations) {
  CheckContext context;
  context.faults_known = false;
  return find_checker(check, workload)->judge(history(std::move(operations)), context);
}

TEST(WorkloadChecks, EveryCheckOfTheVocabularyHasAJudgeForEachOfItsWorkloads) {
  for (const auto& check : spec::checks())
    for (const auto& workload : check.workloads)
      EXPECT_NE(find_checker(check.name, workload), nullptr) << check.name << workload;
  EXPECT_EQ(find_checker("bank", "set"), nullptr);
  EXPECT_NE(find_checker("linearizable", "register"), find_checker("linearizable", "cas-register"));
}

TEST(WorkloadChecks, ASetThatLostAnElementFails) {
  std::vector<Operation> operations{with_json("add", "s0", "1", {0, 5}), with_json("add", "s0", "2", {10, 15}),
                                    with_json("read", "s0", "[1,2]", {20, 25})};
  EXPECT_EQ(judge("set-full", "set", operations).outcome, "held");
  operations.back() = with_json("read", "s0", "[2]", {20, 25});
  const auto lost = judge("set-full", "set", operations);
  EXPECT_EQ(lost.outcome, "failed");
  EXPECT_THAT(lost.explanation, ::testing::Contains(HasSubstr("operation 0: process")));
}

TEST(WorkloadChecks, ReadsOfOperationsThatAreGivenNothingAreNoInput) {
  EXPECT_EQ(judge("unique-ids", "unique-ids",
                  {with_json("generate", "u0", "7", {0, 5}), with_json("generate", "u0", "8", {0, 5})})
                .outcome,
            "held");
  EXPECT_EQ(judge("unique-ids", "unique-ids",
                  {with_json("generate", "u0", "7", {0, 5}), with_json("generate", "u0", "7", {0, 5})})
                .outcome,
            "failed");
  EXPECT_EQ(judge("bank", "bank",
                  {with_json("read", "", R"({"a0":90,"a1":110})", {0, 5}),
                   with_json("read", "", R"({"a0":100,"a1":90})", {6, 9}),
                   with_json("transfer", "", R"({"from":"a0","to":"a1","amount":3})", {0, 5})})
                .outcome,
            "failed");
}

TEST(WorkloadChecks, TransactionsAreJudgedByTheLevelThatIsAskedFor) {
  // Each reads what the other appends, and sees nothing of it: write skew, which snapshot isolation allows.
  const std::vector<Operation> skewed{with_json("txn", "", R"([["r","x",[]],["append","y",1]])", {0, 5}),
                                      with_json("txn", "", R"([["r","y",[]],["append","x",2]])", {0, 5}),
                                      with_json("txn", "", R"([["r","x",[2]],["r","y",[1]]])", {10, 15})};
  EXPECT_EQ(judge("serializable", "append", skewed).outcome, "failed");
  EXPECT_EQ(judge("snapshot-isolation", "append", skewed).outcome, "held");
}

TEST(WorkloadChecks, ACompareAndSetThatSawAnotherValueThanWasThereFails) {
  const auto run = [](const char* expected) {
    return judge("linearizable", "cas-register",
                 {operation("write", "k", "a", {0, 5}),
                  with_json("cas", "k", fmt::format(R"(["{}","b"])", expected), {10, 15}),
                  operation("read", "k", "b", {20, 25})})
        .outcome;
  };
  EXPECT_EQ(run("a"), "held");
  EXPECT_EQ(run("c"), "failed");
}

TEST(WriteSkew, BothHalvesOfAPairAreOneTooMany) {
  Sketch sketch;
  sketch.add(0, "insert", "[1 nil]", "[1 nil]", 0, 10);
  sketch.add(1, "insert", "[nil 2]", "[nil 2]", 5, 15, Outcome::fail);
  EXPECT_EQ(judge_write_skew(sketch.history).judgement, Judgement::held);
  sketch.history.operations[1].outcome = Outcome::ok;
  const auto skewed = judge_write_skew(sketch.history);
  EXPECT_EQ(skewed.judgement, Judgement::failed);
  EXPECT_EQ(skewed.culprits.size(), 2U);
  Sketch alone;
  alone.add(0, "insert", "[1 nil]", "[1 nil]", 0, 10);
  EXPECT_EQ(judge_write_skew(alone.history).judgement, Judgement::inconclusive);
  alone.add(0, "read", "nil", "nil", 20, 30);
  EXPECT_FALSE(judge_write_skew(alone.history).misfit.empty());
}

}  // namespace
}  // namespace withstand::check
