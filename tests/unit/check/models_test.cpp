#include "check/models.hpp"

#include <sstream>

#include <gtest/gtest.h>

#include "histories.hpp"

namespace withstand::check {
namespace {

using namespace testing;

std::string lines(std::vector<record::Operation> operations) {
  std::string text;
  for (const auto& operation : history(std::move(operations))) {
    text += record::invoke_line(operation) + "\n" + record::completion_line(operation) + "\n";
  }
  return text;
}

HistoryJudgement judge(const std::string& text, std::string_view model) {
  std::istringstream in(text);
  return judge_history(in, *find_model(model));
}

TEST(Models, AreFoundByNameAndByChecker) {
  EXPECT_EQ(find_model("register")->checker, "linearizable");
  EXPECT_EQ(find_model("linearizable")->name, "register");
  EXPECT_EQ(find_model("write-once")->checker, "no-acknowledged-write-lost");
  EXPECT_EQ(find_model("poem"), nullptr);
  EXPECT_EQ(models().size(), 2U);
}

TEST(Models, JudgeAHistoryThatStandsAlone) {
  EXPECT_EQ(judge(lines({write("a", {0, 1}), read("a", {2, 3})}), "register").result.outcome, "held");
  EXPECT_EQ(judge(lines({write("a", {0, 1}), read("b", {2, 3})}), "register").result.outcome, "failed");
  auto back = read("a", {5, 6});
  back.final_read = true;
  EXPECT_EQ(judge(lines({write("a", {0, 1}), back}), "write-once").result.outcome, "held");
  EXPECT_EQ(judge("", "register").result.outcome, "inconclusive");
}

TEST(Models, SayNothingOfFaultsThatNobodyRecorded) {
  const auto judged = judge(lines({write("a", {0, 1}), write("b", {2, 3}), read("a", {4, 5})}), "register");
  EXPECT_EQ(judged.result.explanation.size(), 5U);
  for (const std::string& line : judged.result.explanation) EXPECT_EQ(line.find("fault"), std::string::npos) << line;
}

TEST(Models, AWriteThatNeverEndedMayHaveHappened) {
  const auto all = history({write("a", {0, 1}), write("b", {2, 3}), read("b", {4, 5}), read("a", {0, 1})});
  const std::string text = record::invoke_line(all[0]) + "\n" + record::completion_line(all[0]) + "\n" +
                           record::invoke_line(all[1]) + "\n" +  // killed here
                           record::invoke_line(all[2]) + "\n" + record::completion_line(all[2]) + "\n";
  EXPECT_EQ(judge(text, "register").result.outcome, "held");
}

TEST(Models, AHistoryOfAnotherModelGetsNoVerdict) {
  // As write-once this looked like reads of values that were never written.
  const auto registers = lines({write("a", {0, 1}), write("b", {2, 3}), read("a", {1, 2}), read("b", {4, 5})});
  const auto judged = judge(registers, "write-once");
  EXPECT_EQ(judged.misfit, "key k is written more than once, by operations 0 and 1");
  EXPECT_EQ(judged.result.outcome, "");
  EXPECT_EQ(judge(registers, "register").misfit, "");
  EXPECT_EQ(judge(registers, "register").result.outcome, "held");

  const auto swaps = lines({write("a", {0, 1}), operation("cas", "k", "b", {2, 3}), read("a", {4, 5})});
  EXPECT_EQ(judge(swaps, "register").misfit, "operation 1 is \"cas\", neither a read nor a write");
}

TEST(Models, ATextOfAnotherKindIsNoHistory) {
  std::string text;
  for (int i = 0; i < 5'000; ++i) text += "INFO nothing to see here\n";
  const auto judged = judge(text, "register");
  EXPECT_EQ(judged.misfit, "it holds no operation");
  EXPECT_EQ(judged.problems.size(), 6U);
  EXPECT_EQ(judged.problems.back(), "and 4995 more lines with problems");
}

TEST(Models, AHistoryWithUnreadableLinesDoesNotHold) {
  const auto judged = judge(lines({write("a", {0, 1}), read("a", {2, 3})}) + "garbage\n", "register");
  EXPECT_EQ(judged.result.outcome, "inconclusive");
  EXPECT_EQ(judged.problems.size(), 1U);
}

TEST(Models, AViolationMayComeOfALineThatIsMissing) {
  // The write of "b" was on the line that is torn; without it the read looks like one from nowhere.
  const auto all = history({write("a", {0, 1}), write("b", {2, 3}), read("b", {4, 5})});
  std::string text = lines({write("a", {0, 1})});
  text += record::invoke_line(all[1]).substr(0, 30) + "\n";
  text += record::invoke_line(all[2]) + "\n" + record::completion_line(all[2]) + "\n";
  for (const char* model : {"register", "write-once"}) {
    const auto judged = judge(text, model);
    EXPECT_EQ(judged.misfit, "") << model;
    EXPECT_EQ(judged.result.outcome, "inconclusive") << model;
    EXPECT_NE(judged.result.summary.find("1 lines are wrong, the first: line 3 is not a line of a history; what looks "
                                         "wrong may come of what they said; of the rest: "),
              std::string::npos)
        << judged.result.summary;
  }
}

/// One line of a history: what stands between its braces.
std::string line(const std::string& inside) { return "{" + inside + "}\n"; }

TEST(Models, AHistoryThatContradictsItselfGetsNoVerdict) {
  const std::string begun = line(R"("t":0,"type":"invoke","i":0,"process":0,"op":"write","key":"k","value":"a")");
  const std::string begun_without = line(R"("t":0,"type":"invoke","i":0,"process":0,"op":"write","key":"k")");
  const std::string begun_null = line(R"("t":0,"type":"invoke","i":0,"process":0,"op":"write","key":"k","value":null)");
  const std::string ended = line(R"("t":5,"type":"ok","i":0)");
  const std::string ended_otherwise = line(R"("t":5,"type":"ok","i":0,"value":"b")");
  const std::string same_process = line(R"("t":2,"type":"invoke","i":1,"process":0,"op":"read","key":"k")");
  for (const char* model : {"register", "write-once"}) {
    EXPECT_EQ(judge(begun_without + ended, model).misfit, "line 1 writes nothing: operation 0 has no value");
    EXPECT_EQ(judge(begun_null + ended, model).misfit, "line 1 writes nothing: operation 0 has no value");
    EXPECT_EQ(judge(begun + ended_otherwise, model).misfit,
              "line 2 ends operation 0 as a write of \"b\", which line 1 began as one of \"a\"");
    EXPECT_EQ(judge(begun + same_process + ended, model).misfit,
              "line 2 begins operation 1 of process 0, whose operation 0 (line 1) is under way");
    EXPECT_EQ(judge(begun + ended + same_process, model).misfit, "");
  }
}

TEST(Models, AProcessWhoseEndCannotBeReadIsNotBlamedForTwoOperations) {
  const auto judged =
      judge(line(R"("t":0,"type":"invoke","i":0,"process":0,"op":"write","key":"k","value":"a")") +
                R"({"t":1,"type":"o)" + "\n" + line(R"("t":2,"type":"invoke","i":1,"process":0,"op":"read","key":"k")"),
            "register");
  EXPECT_EQ(judged.misfit, "");
  EXPECT_EQ(judged.result.outcome, "inconclusive");
}

}  // namespace
}  // namespace withstand::check
