#include "record/journal.hpp"

#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <unistd.h>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <system_error>

#include "record/journal_fields.hpp"

namespace withstand::record {
namespace {

/// Gives every member of an event a value of its own, so that a forgotten or swapped key shows.
struct Filler {
  int next = 1;
  std::string text() { return "value " + std::to_string(next++); }
  void fill(std::string& out) { out = text(); }
  void fill(bool& out) { out = !out; }
  void fill(int& out) { out = next++; }
  void fill(std::int64_t& out) { out = -(next++) * 1'000'000'007LL; }
  void fill(std::uint64_t& out) { out = std::numeric_limits<std::uint64_t>::max() - static_cast<unsigned>(next++); }
  void fill(std::vector<std::string>& out) { out = {text(), text()}; }
  void fill(std::map<std::string, std::string>& out) { out = {{text(), text()}, {text(), text()}}; }
};

template <class E>
JournalEntry filled() {
  Filler filler;
  E event;
  std::apply([&](const auto&... field) { (filler.fill(event.*field.member), ...); }, Vocabulary<E>::fields);
  return {filler.next * 1000, event};
}

template <std::size_t... I>
std::vector<JournalEntry> one_of_each(std::index_sequence<I...>) {
  return {filled<std::variant_alternative_t<I, Event>>()...};
}

std::vector<JournalEntry> one_of_each() { return one_of_each(std::make_index_sequence<std::variant_size_v<Event>>()); }

/// A struct that is larger than its vocabulary by more than padding has a member that nobody gave a key.
template <class E>
std::size_t bytes_in_vocabulary() {
  const auto bytes = [](const auto&... field) { return (sizeof(std::declval<E&>().*field.member) + ...); };
  return std::apply(bytes, Vocabulary<E>::fields);
}

TEST(Journal, EveryEventSurvivesTheRoundTrip) {
  for (const JournalEntry& entry : one_of_each()) {
    const std::string line = to_line(entry);
    JournalEntry back;
    ASSERT_TRUE(from_line(line, back)) << line;
    EXPECT_EQ(back.t, entry.t);
    EXPECT_EQ(back.event.index(), entry.event.index());
    EXPECT_EQ(to_line(back), line);
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

TEST(Journal, NoMemberIsForgotten) {
  const auto covered = []<class E>(E) { return sizeof(E) - bytes_in_vocabulary<E>() < 8; };  // padding stays below 8
  EXPECT_TRUE(covered(RunStarted{}));
  EXPECT_TRUE(covered(NodeEvent{}));
  EXPECT_TRUE(covered(InjectionEvent{}));
  EXPECT_TRUE(covered(EvidenceEvent{}));
  EXPECT_TRUE(covered(EvidenceVerdict{}));
  EXPECT_TRUE(covered(LoadSecond{}));
  EXPECT_TRUE(covered(LatencySummary{}));
  EXPECT_TRUE(covered(ExpectationResult{}));
  EXPECT_TRUE(covered(CheckResult{}));
  EXPECT_TRUE(covered(MediumHealth{}));
  EXPECT_TRUE(covered(CaptureEnded{}));
  EXPECT_TRUE(covered(ProbeSample{}));
  EXPECT_TRUE(covered(Note{}));
}

TEST(Journal, KeysComeInTheirStatedOrderTimeAndEventFirst) {
  EXPECT_EQ(to_line({5, NodeEvent{"n1", "exited", "SIGKILL", 17}}),
            R"({"t":5,"event":"node","node":"n1","what":"exited","detail":"SIGKILL","pid":17})");
}

TEST(Journal, TextThatIsNotUtf8IsRepairedNotRefused) {
  const std::string line = to_line({0, Note{"warning", std::string("a\xff\xc3(z\0\n", 7)}});
  EXPECT_EQ(line, R"({"t":0,"event":"note","level":"warning","text":"a)"
                  "\xEF\xBF\xBD\xEF\xBF\xBD"
                  R"((z\u0000\n"})");
  JournalEntry back;
  EXPECT_TRUE(from_line(line, back));
}

TEST(Journal, ForeignAndDamagedLinesAreRefusedAndLeaveTheOutputAlone) {
  const std::string good = to_line({5, Note{"info", "hello"}});
  const std::vector<std::string> bad{"",
                                     " ",
                                     "null",
                                     "5",
                                     "[]",
                                     "{}",
                                     "\"t\"",
                                     R"({"t":1})",
                                     R"({"event":"note"})",
                                     R"({"t":"1","event":"note"})",
                                     R"({"t":1,"event":"an event of next year"})",
                                     R"({"t":1,"event":7})",
                                     R"({"t":1.5,"event":"note"})",
                                     R"({"t":1,"event":"note","text":7})",
                                     R"({"t":18446744073709551615,"event":"note"})",
                                     R"({"t":1,"event":"node","pid":99999999999999999999})",
                                     R"({"t":1,"event":"load_second","ok":-1})",
                                     R"({"t":1,"event":"expectation","line":4294967296})",
                                     R"({"t":1,"event":"check","explanation":["a",1]})",
                                     R"({"t":1,"event":"run_started","versions":{"a":1}})",
                                     R"({"t":1,"event":"run_ended","as_expected":1})",
                                     good + good,
                                     std::string(100'000, '['),
                                     good.substr(0, good.size() - 1)};
  for (const std::string& line : bad) {
    JournalEntry out{42, Note{"info", "untouched"}};
    EXPECT_FALSE(from_line(line, out)) << line.substr(0, 80);
    EXPECT_EQ(out.t, 42);
    EXPECT_EQ(std::get<Note>(out.event).text, "untouched");
  }
}

TEST(Journal, MissingKeysKeepTheirDefaultsAndUnknownOnesAreIgnored) {
  JournalEntry out;
  ASSERT_TRUE(from_line(R"({"t":7,"event":"run_ended","verdict":"failed","of_next_year":[1,2]})", out));
  const auto& end = std::get<RunEnded>(out.event);
  EXPECT_EQ(end.verdict, "failed");
  EXPECT_TRUE(end.rollback_ok);
}

TEST(Journal, MutatedLinesNeitherCrashNorYieldWhatCannotBeWrittenAgain) {
  std::mt19937_64 random(20240131);  // any fixed seed
  int read = 0;
  for (const JournalEntry& entry : one_of_each()) {
    const std::string line = to_line(entry);
    for (int round = 0; round < 2000; ++round) {
      std::string bent = line;
      for (int edits = static_cast<int>(random() % 4); edits >= 0; --edits) {
        const std::size_t at = random() % bent.size();
        const char byte = static_cast<char>(random() % 256);
        if (random() % 3 == 0) {
          bent.erase(at, 1 + random() % 3);
        } else if (random() % 2 == 0) {
          bent.insert(at, 1, byte);
        } else {
          bent[at] = byte;
        }
        if (bent.empty()) break;
      }
      JournalEntry back;
      if (!from_line(bent, back)) continue;
      ++read;
      JournalEntry again;
      ASSERT_TRUE(from_line(to_line(back), again)) << bent;
      ASSERT_EQ(to_line(again), to_line(back));
    }
  }
  EXPECT_GT(read, 1000);  // many edits fall inside a text and stay readable: the loop above did look at both kinds
}

class JournalFile : public ::testing::Test {
 protected:
  std::string folder_ = std::filesystem::temp_directory_path() / ("withstand-journal-" + std::to_string(::getpid()));
  std::string path_ = folder_ + "/journal.jsonl";
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
};

TEST_F(JournalFile, EachLineIsInTheFileAsSoonAsItIsWritten) {
  JournalWriter writer(path_);
  for (int i = 1; i <= 3; ++i) {
    writer.write({i, PhaseStarted{"during"}});
    std::ifstream in(path_);
    EXPECT_EQ(std::count(std::istreambuf_iterator<char>(in), {}, '\n'), i);
  }
}

TEST_F(JournalFile, AppendsToWhatIsThere) {
  { JournalWriter(path_).write({1, PhaseStarted{"before"}}); }
  { JournalWriter(path_).write({2, PhaseStarted{"during"}}); }
  std::ifstream in(path_);
  EXPECT_EQ(std::count(std::istreambuf_iterator<char>(in), {}, '\n'), 2);
}

TEST_F(JournalFile, SaysWhatItCouldNotOpen) {
  try {
    JournalWriter writer(folder_ + "/missing/journal.jsonl");
    FAIL() << "it opened";
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find("missing/journal.jsonl: No such file"), std::string::npos) << error.what();
  }
}

TEST(JournalWriter, AFullDiskIsAnError) {
  if (::access("/dev/full", W_OK) != 0) GTEST_SKIP() << "no /dev/full here";
  JournalWriter writer("/dev/full");
  EXPECT_THROW(writer.write({1, PhaseStarted{"before"}}), std::system_error);
}

}  // namespace
}  // namespace withstand::record
