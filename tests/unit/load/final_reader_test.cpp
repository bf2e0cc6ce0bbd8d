#include "load/final_reader.hpp"

#include <set>

#include "support.hpp"

namespace withstand::load {
namespace {

using namespace testing;

/// Answers at once; node n3 never does, and n2 refuses its first few.
struct Nodes : Driver {
  void submit(const Request& request, Done done) override {
    if (request.node == "n3") return;
    if (request.node == "n2" && refusals-- > 0) return done({Fate::not_sent, std::nullopt, "n2", "connection refused"});
    done({Fate::done, "v", request.node, ""});
  }
  Response abandon(std::uint64_t) override { return {Fate::unknown, std::nullopt, "n3", "timeout"}; }
  int refusals = 5;
};

struct FinalReaderTest : ::testing::Test {
  FinalReaderTest() {
    config = register_config(folder.file("history.jsonl"));
    history.emplace(config.history);
    ledger.emplace(config, nodes, *history, [this] { return now; });
    for (int i = 0; i < 100; ++i) keys.push_back("w" + std::to_string(i));
  }
  FinalReads read(const std::vector<std::string>& from) {
    FinalReader reader(
        *ledger, [this] { return now; }, "write-once", keys, from, seconds(5), 1'000, 3);
    reader.advance();
    while (!reader.finished()) {
      now = std::max(now, reader.next_wake().value());
      reader.advance();
    }
    history->flush();
    return reader.result();
  }
  Folder folder;
  Config config;
  nanoseconds now{};
  Nodes nodes;
  std::optional<HistoryFile> history;
  std::optional<Ledger> ledger;
  std::vector<std::string> keys;
};

TEST_F(FinalReaderTest, EveryKeyIsReadThroughEveryNodeAndWhatFailedIsTriedAgain) {
  const auto result = read({"n1", "n2"});
  EXPECT_EQ(result.wanted, 200U);
  EXPECT_EQ(result.read, 200U);
  EXPECT_EQ(result.failed, 0U);
  std::set<std::pair<std::string, std::string>> seen;
  std::set<std::uint64_t> ids;
  const auto operations = read_back(config.history);
  EXPECT_EQ(operations.size(), 205U) << "every try is recorded";
  for (const auto& operation : operations) {
    EXPECT_TRUE(operation.final_read);
    EXPECT_TRUE(ids.insert(operation.id).second);
    EXPECT_EQ(operation.id % 3, 1U);
    if (operation.outcome == record::Outcome::ok) seen.emplace(operation.key, operation.node);
  }
  EXPECT_EQ(seen.size(), 200U);
}

TEST_F(FinalReaderTest, ANodeThatNeverAnswersEndsAtTheDeadlineAndHoldsUpNoOther) {
  const auto result = read({"n3", "n1"});
  EXPECT_EQ(result.read, 100U);
  EXPECT_EQ(result.failed, 100U);
  EXPECT_LE(now, seconds(6)) << "the deadline and one timeout";
  for (const auto& operation : read_back(config.history)) {
    EXPECT_TRUE(operation.node != "n1" || operation.done == 0);
  }
}

}  // namespace
}  // namespace withstand::load
