// Histories in the formats of others.

#include "check/history/read.hpp"

#include <random>

#include <gmock/gmock.h>

#include "check/history/words.hpp"

namespace withstand::check {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

OperationHistory read(std::string_view text) { return read_operations(text, detect_format(text)); }

constexpr const char* edn_text = R"(; a comment
[{:process 4, :type :invoke, :f :write, :value 2, :time 100}
 {:process :nemesis, :type :info, :f :start, :value "cut"}
 {:process 6, :type :invoke, :f :cas, :value [2 3]} #_{:left :out}
 #jepsen.history.Op{:process 4, :type :ok, :f :write, :value 2}
 {:process 6, :type :fail, :f :cas, :value [2 3], :error :timeout}
 {:process 7, :type :invoke, :f :read, :value nil}])";

TEST(ReadHistory, TakesEdnByPlace) {
  const auto history = read(edn_text);
  ASSERT_EQ(history.operations.size(), 3U);
  EXPECT_EQ(history.bad_lines, 0U);
  EXPECT_THAT(history.processes, ElementsAre("4", "6", "7"));
  const auto& write = history.operations[0];
  EXPECT_EQ(write.line, 2U);
  EXPECT_EQ(write.end_line, 5U);
  EXPECT_LT(write.begin, history.operations[1].begin);
  EXPECT_GT(write.end, history.operations[1].begin);
  EXPECT_EQ(history.operations[1].outcome, record::Outcome::fail);
  EXPECT_EQ(history.values.show(history.operations[1].input), "[2 3]");
  EXPECT_EQ(history.operations[2].end, never);
  ASSERT_EQ(history.marks.size(), 1U);
  EXPECT_EQ(history.marks[0].text, "start \"cut\"");
}

TEST(ReadHistory, TakesJsonOfBothKinds) {
  const auto theirs = read(R"([{"type":"invoke","f":"add","value":[0,"\u00e9\n"],"process":0,"time":5,"index":0},
{"type":"ok","f":"add","value":[0,"\u00e9\n"],"process":0,"time":9,"index":1}])");
  ASSERT_EQ(theirs.operations.size(), 1U);
  EXPECT_TRUE(theirs.timed);
  EXPECT_EQ(theirs.operations[0].end_time, 9);
  EXPECT_EQ(theirs.values.text_of(theirs.values.items(theirs.operations[0].input)[1]), "\xc3\xa9\n");
  const auto ours =
      read(R"({"t":1000,"type":"invoke","i":7,"process":1,"op":"enqueue","key":"q","value":{"b":1,"a":[true,null,1.5]}}
{"t":2000,"type":"ok","i":7}
)");
  ASSERT_EQ(ours.operations.size(), 1U);
  EXPECT_EQ(ours.operations[0].begin, 1000);
  EXPECT_EQ(ours.operations[0].end, 2000);
  EXPECT_EQ(ours.f_of(ours.operations[0]), "enqueue");
  EXPECT_EQ(ours.bad_lines, 0U);
}

TEST(ReadHistory, TakesJepsensLog) {
  const auto history = read(
      "INFO  jepsen.core - Running\nINFO  jepsen.util - 0\t:invoke\t:cas\t[1 2]\nINFO  jepsen.util - "
      ":nemesis\t:info\t:start\tnil\n"
      "INFO  jepsen.util - 0\t:info\t:cas\t:timed-out\nINFO  jepsen.util - 1\t:invoke\t:read\tnil\n"
      "INFO  jepsen.util - 1\t:ok\t:read\t2\n");
  ASSERT_EQ(history.operations.size(), 2U);
  EXPECT_EQ(history.operations[0].outcome, record::Outcome::info);
  EXPECT_EQ(history.values.show(history.operations[0].input), "[1 2]");
  EXPECT_EQ(history.values.text_of(history.operations[0].error), "timed-out");
  EXPECT_EQ(history.operations[1].output, Value::integer(2));
}

TEST(ReadHistory, NamesLinesThatAreWrong) {
  const auto history = read(R"({:process 0, :type :invoke, :f :read, :value nil}
{:process 0, :type :okay, :f :read, :value 1}
{:process 1, :type :invoke, :f :write, :value }
{:process 2, :f :write}
{:process 3, :type :ok, :f :write, :value 4}
)");
  EXPECT_EQ(history.bad_lines, 4U);
  EXPECT_THAT(history.problems,
              ElementsAre(HasSubstr("line 2 has a type that is unknown"),
                          HasSubstr("line 3 has '}' where a value belongs"), HasSubstr("line 4 does not say a type"),
                          HasSubstr("line 5 ends an operation that was not under way")));
}

TEST(ReadHistory, NoticesContradictions) {
  EXPECT_THAT(read("{:process 0 :type :invoke :f :read}{:process 0 :type :invoke :f :read}").contradiction,
              HasSubstr("is under way"));
  EXPECT_THAT(read("{:process 0 :type :invoke :f :read}\n{:process 0 :type :ok :f :write}").contradiction,
              HasSubstr("line 2 ends as \"write\" what line 1 began as \"read\""));
}

TEST(ReadHistory, EqualValuesAreOne) {
  Values values;
  const Value items[] = {Value::integer(1), Value::integer(2), Value::integer(1)};
  const Value turned[] = {Value::integer(2), Value::integer(1)};
  EXPECT_EQ(values.list(items), values.list(items));
  EXPECT_NE(values.list(items), values.list(turned));
  EXPECT_EQ(values.collection(Value::Tag::set, items), values.collection(Value::Tag::set, turned));
  EXPECT_EQ(values.text("a"), values.text("a"));
  EXPECT_EQ(values.show(values.list(items)), "[1 2 1]");
}

/// Whatever a text holds, reading it ends, and says nothing of memory that is not there.
TEST(ReadHistory, SurvivesDamage) {
  const std::string seeds[] = {edn_text,
                               R"([{"type":"invoke","f":"add","value":[0,{"a":"\u00e9"}],"process":0,"index":0}])",
                               "INFO jepsen.util - 0\t:invoke\t:cas\t[1 2]\n",
                               R"({"t":1,"type":"invoke","i":7,"process":1,"op":"write","value":"x"})"};
  std::mt19937_64 random(1);
  for (int round = 0; round < 20'000; ++round) {
    std::string text = seeds[random() % 4];
    for (std::uint64_t i = random() % 6 + 1; i > 0 && !text.empty(); --i) {
      const std::size_t at = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 8);
          break;
        case 2:
          text.insert(at, text.substr(random() % text.size(), random() % 12));
          break;
        default:
          text.insert(at, 1, "[]{}()\"\\:#;\n,"[random() % 13]);
      }
    }
    for (const FormatInfo& format : history_formats()) {
      const auto history = read_operations(text, format.format);
      for (std::uint32_t i = 0; i < history.operations.size(); ++i) ASSERT_FALSE(operation_text(history, i).empty());
    }
  }
  EXPECT_GT(read_operations(std::string(100'000, '['), HistoryFormat::edn).bad_lines + 1, 0U);
  EXPECT_EQ(read_operations("{:value " + std::string(100'000, '[') + "}", HistoryFormat::edn).bad_lines, 1U);
}

}  // namespace
}  // namespace withstand::check
