#include "record/history.hpp"

#include <algorithm>
#include <limits>
#include <random>
#include <sstream>

#include <nlohmann/json.hpp>

namespace withstand::record {
namespace {

constexpr auto never = std::numeric_limits<std::int64_t>::max();

Operation write_of(std::uint64_t id, std::int64_t due = 100) {
  Operation operation;
  operation.id = id;
  operation.process = static_cast<std::uint32_t>(id % 7);
  operation.op = "write";
  operation.key = "k1";
  operation.value = "c1-" + std::to_string(id);
  operation.intended = due;
  operation.sent = due + 5;
  operation.done = due + 50;
  operation.outcome = Outcome::ok;
  operation.node = "n2";
  return operation;
}

HistoryReading read_text(const std::string& text) {
  std::istringstream in(text);
  return read_history(in);
}

TEST(History, WhatIsWrittenIsReadBack) {
  Operation first = write_of(1);
  Operation second = write_of(2, 120);
  second.op = "read";
  second.value.reset();
  second.outcome = Outcome::fail;
  second.error = "connection \"refused\"\n";
  second.final_read = true;
  const auto text = invoke_line(first) + "\n" + invoke_line(second) + "\n" + completion_line(second) + "\n" +
                    completion_line(first) + "\n";
  const auto reading = read_text(text);
  EXPECT_TRUE(reading.problems.empty());
  ASSERT_EQ(reading.operations.size(), 2U);
  const auto& one = reading.operations[0];
  EXPECT_EQ(one.id, 1U);
  EXPECT_EQ(one.process, 1U);
  EXPECT_EQ(one.op, "write");
  EXPECT_EQ(one.key, "k1");
  EXPECT_EQ(one.value, "c1-1");
  EXPECT_EQ(one.node, "n2");
  EXPECT_EQ(one.intended, 100);
  EXPECT_EQ(one.sent, 105);
  EXPECT_EQ(one.done, 150);
  EXPECT_EQ(one.outcome, Outcome::ok);
  const auto& two = reading.operations[1];
  EXPECT_EQ(two.outcome, Outcome::fail);
  EXPECT_EQ(two.error, second.error);
  EXPECT_FALSE(two.value);
  EXPECT_TRUE(two.final_read);
}

TEST(History, OperationsComeByIdAndTheUnfinishedLast) {
  std::string text;
  for (const std::uint64_t id : {5U, 3U, 9U, 4U}) text += invoke_line(write_of(id)) + "\n";
  text += completion_line(write_of(9)) + "\n" + completion_line(write_of(4)) + "\n";
  const auto reading = read_text(text);
  ASSERT_EQ(reading.operations.size(), 4U);
  EXPECT_EQ(reading.operations[0].id, 4U);
  EXPECT_EQ(reading.operations[1].id, 9U);
  EXPECT_EQ(reading.operations[2].id, 3U);
  EXPECT_EQ(reading.operations[3].id, 5U);
  EXPECT_EQ(reading.operations[3].outcome, Outcome::info);
  EXPECT_EQ(reading.operations[3].done, never);
}

TEST(History, ADroppedOperationHasOneLine) {
  Operation dropped = write_of(1);
  dropped.outcome = Outcome::dropped;
  dropped.error = "256 operations under way";
  const auto reading = read_text(completion_line(dropped) + "\n");
  EXPECT_TRUE(reading.problems.empty());
  ASSERT_EQ(reading.operations.size(), 1U);
  EXPECT_EQ(reading.operations[0].outcome, Outcome::dropped);
  EXPECT_EQ(reading.operations[0].intended, 100);
}

TEST(History, DamagedLinesAreNamedAndTheRestIsKept) {
  const auto whole = invoke_line(write_of(1)) + "\n" + completion_line(write_of(1)) + "\n";
  const auto reading =
      read_text("half a li\n" + whole + R"({"t":1,"type":"ok","i":"x"})" + "\n" + R"({"t":7,"type":"inv)");
  ASSERT_EQ(reading.operations.size(), 1U);
  EXPECT_EQ(reading.operations[0].outcome, Outcome::ok);
  ASSERT_EQ(reading.problems.size(), 3U);
  EXPECT_EQ(reading.problems[0], "line 1 is not a line of a history");
  EXPECT_EQ(reading.problems[2], "line 5 is not a line of a history");
}

TEST(History, ALostInvokeLineMakesNoOrderUp) {
  const auto reading = read_text(completion_line(write_of(8)) + "\n");
  ASSERT_EQ(reading.operations.size(), 1U);
  EXPECT_EQ(reading.operations[0].value, "c1-8");
  EXPECT_EQ(reading.operations[0].sent, 0);
  EXPECT_EQ(reading.problems.size(), 1U);
}

TEST(History, ProblemsOfAFileOfAnotherKindAreCounted) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "INFO jepsen.util - 0 :invoke :read nil\n";
  const auto reading = read_text(text);
  EXPECT_TRUE(reading.operations.empty());
  EXPECT_EQ(reading.bad_lines, 1000U);
  ASSERT_EQ(reading.problems.size(), 6U);
  EXPECT_EQ(reading.problems.front(), "line 1 is not a line of a history");
  EXPECT_EQ(reading.problems.back(), "and 995 more lines with problems");
}

TEST(History, LinesThatDoNotSayWhatTheyDoAreComplainedOf) {
  std::istringstream no_op(R"({"t":0,"type":"invoke","i":0,"key":"k"}
{"t":1,"type":"invoke","i":1,"op":"read","key":"k"}
)");
  const auto nameless = read_history(no_op);
  EXPECT_EQ(nameless.bad_lines, 1U);
  EXPECT_THAT(nameless.problems, ::testing::ElementsAre("line 1 does not say what operation 0 does"));
  std::istringstream mixed(R"({"t":0,"type":"invoke","i":0,"op":"read","key":"k"}
{"t":1,"type":"invoke","i":1,"op":"read"}
{"t":2,"type":"invoke","i":2,"op":"read"}
)");
  const auto unkeyed = read_history(mixed);
  EXPECT_EQ(unkeyed.bad_lines, 2U);
  EXPECT_THAT(unkeyed.problems.front(), ::testing::HasSubstr("line 2 has no key, and others have"));
  std::istringstream one_register(R"({"t":0,"type":"invoke","i":0,"op":"read"}
{"t":1,"type":"ok","i":0}
)");
  EXPECT_EQ(read_history(one_register).bad_lines, 0U) << "a single register needs no key";
}

TEST(History, CutAnywhereItKeepsEveryWholeLine) {
  const auto text =
      invoke_line(write_of(1)) + "\n" + completion_line(write_of(1)) + "\n" + invoke_line(write_of(2)) + "\n";
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const auto lines = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(length), '\n');
    const auto reading = read_text(text.substr(0, length));
    // A line whose newline alone is missing is whole, too.
    EXPECT_GE(reading.operations.size(), lines >= 3 ? 2U : lines >= 1 ? 1U : 0U);
    EXPECT_LE(reading.problems.size(), 1U);
  }
}

TEST(History, AnyBytesAsAValueGiveAnAsciiLineOfJson) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 2'000; ++round) {
    std::string bytes(random() % 20, '\0');
    for (auto& byte : bytes) byte = static_cast<char>(random());
    Operation operation = write_of(1);
    operation.value = bytes;
    operation.error = bytes;
    const auto line = completion_line(operation);
    EXPECT_TRUE(std::all_of(line.begin(), line.end(), [](char c) { return c >= 0x20 && c < 0x7f; }));
    EXPECT_TRUE(nlohmann::json::accept(line));
    const auto reading = read_text(line + "\n");
    ASSERT_EQ(reading.operations.size(), 1U) << line;
  }
}

TEST(History, RandomDamageNeverCrashesTheReader) {
  std::mt19937_64 random(4);
  Operation odd = write_of(1);
  odd.value = "\"\\\n\xc3\xa9";
  const auto good = invoke_line(odd) + "\n" + completion_line(odd) + "\n" + invoke_line(write_of(2)) + "\n";
  for (int round = 0; round < 20'000; ++round) {
    std::string bad = good;
    for (std::uint64_t hits = 1 + random() % 4; hits > 0; --hits) {
      const auto place = random() % bad.size();
      if (random() % 2 == 0) {
        bad[place] = static_cast<char>(random());
      } else {
        bad.erase(place, 1 + random() % 9);
        if (bad.empty()) break;
      }
    }
    EXPECT_LE(read_text(bad).operations.size(), 8U);
  }
}

TEST(History, KeysInAnyOrderWithSpacesAndUnknownOnes) {
  const auto reading =
      read_text(R"( { "i" : 4 , "extra" : 1.5, "op":"read", "key":"k", "value":null, "t":9, "type":"ok" } )");
  ASSERT_EQ(reading.operations.size(), 1U);
  EXPECT_EQ(reading.operations[0].id, 4U);
  EXPECT_FALSE(reading.operations[0].value);
}

TEST(ResponseTime, RunsFromWhenItWasDueAndFailingFastDoesNotHelp) {
  Operation operation = write_of(1);
  EXPECT_EQ(response_time(operation, 1'000), 50);
  operation.outcome = Outcome::fail;
  EXPECT_EQ(response_time(operation, 1'000), 1'000);
  operation.outcome = Outcome::info;
  operation.done = operation.intended + 3'000;
  EXPECT_EQ(response_time(operation, 1'000), 3'000);
  operation.done = never;
  EXPECT_EQ(response_time(operation, 1'000), 1'000);
  operation.outcome = Outcome::dropped;
  EXPECT_EQ(response_time(operation, 1'000), 1'000);
}

TEST(History, AValueMayBeAnyJsonAndAnAnswerMayDecline) {
  Operation txn;
  txn.id = 4;
  txn.op = "txn";
  txn.value = R"([["append","t1",5],["r","t\"2",[1, 2]]])";
  txn.json = true;
  txn.outcome = Outcome::fail;
  txn.error = "ERROR 40001";
  txn.declined = true;
  const auto reading = read_text(invoke_line(txn) + "\n" + completion_line(txn) + "\n");
  ASSERT_EQ(reading.operations.size(), 1U);
  const auto& back = reading.operations[0];
  EXPECT_EQ(back.value, txn.value);
  EXPECT_TRUE(back.json);
  EXPECT_TRUE(back.declined);
  EXPECT_TRUE(back.key.empty());
  for (const char* broken : {"[1,2", "[1 2]", "{\"a\"}", "[[]", "nul", "1e", "[1]]"}) {
    const auto bad = read_text(std::string(R"({"t":1,"type":"ok","i":1,"value":)") + broken + "}\n");
    EXPECT_EQ(bad.bad_lines, 1U) << broken;
    EXPECT_FALSE(!bad.operations.empty() && bad.operations[0].value) << broken;
  }
}

}  // namespace
}  // namespace withstand::record
