#include "load/generator.hpp"

#include <algorithm>
#include <set>

#include "record/histogram.hpp"
#include "support.hpp"

namespace withstand::load {
namespace {

using namespace testing;

struct World {
  explicit World(Config given) : config(std::move(given)) {
    config.history = folder.file("history.jsonl");
    history.emplace(config.history);
    generator.emplace(config, server, *history, [this] { return now; });
  }
  std::vector<record::Operation> run(nanoseconds end) {
    generator->start(nanoseconds(0));
    run_virtually(*generator, server, now, end);
    history->flush();
    return read_back(config.history);
  }

  Folder folder;
  Config config;
  nanoseconds now{};
  FakeServer server{now};
  std::optional<HistoryFile> history;
  std::optional<Generator> generator;
};

Config rate_of(std::int64_t per_second) {
  auto config = register_config("");
  config.rate_millihertz = per_second * 1000;
  config.timeout = 10'000'000'000;
  config.in_flight = 10'000;
  return config;
}

// 2000/s for 30 s against a server that needs 20 µs and stands still for 1.4 s. While it stands still 2800 operations
// fall due; the backlog drains at 48 000 per second net, in 58 ms. So 1.4 s + 58 ms of 30 s are touched, and the
// slowest 1 % (0.3 s worth) begin at a response time of 1.4 s - 0.3 s * 1.4 / 1.458 = 1.11 s.
TEST(Generator, CoordinatedOmissionCannotHideAStall) {
  World world(rate_of(2'000));
  world.server.stall_from = seconds(10);
  world.server.stall_to = seconds(10) + milliseconds(1'400);
  const auto operations = world.run(seconds(30));
  ASSERT_EQ(operations.size(), 60'000U);

  record::Histogram response, service_of_closed_loop;
  std::optional<std::int64_t> free_from;
  for (const auto& operation : operations) {
    response.record(record::response_time(operation, world.config.timeout));
    // What one closed-loop client would have seen: it sends the next when the last has been answered.
    if (!free_from || operation.sent >= *free_from) {
      service_of_closed_loop.record(operation.done - operation.sent);
      free_from = operation.done;
    }
  }
  EXPECT_NEAR(static_cast<double>(response.percentile(99)), 1.11e9, 0.01e9);
  EXPECT_LT(response.percentile(50), 50'000);
  EXPECT_NEAR(static_cast<double>(response.max()), 1.4e9, 0.001e9);
  EXPECT_LT(service_of_closed_loop.percentile(99), 1'000'000) << "the reading that open loop is there to correct";
}

TEST(Generator, AStalledGeneratorSendsLateAndSkipsNothing) {
  World world(rate_of(1'000));
  world.generator->start(nanoseconds(0));
  world.now = milliseconds(500);  // as after a SIGSTOP of the generator itself
  while (world.generator->advance()) continue;
  const auto summary = world.generator->summary();
  EXPECT_EQ(summary.planned, 501U);
  EXPECT_EQ(summary.lag_max, 500'000'000);
  world.generator->stop();
  world.server.silent = true;
  world.now = seconds(1);
  world.server.answer();
  EXPECT_EQ(world.generator->summary().late, 499U) << "those due more than 1 ms before 500 ms";
}

TEST(Generator, BeyondTheInFlightBoundOperationsAreDroppedAndCounted) {
  auto config = rate_of(1'000);
  config.in_flight = 100;
  config.timeout = 1'000'000'000;
  World world(config);
  world.server.silent = true;
  const auto operations = world.run(seconds(1));
  ASSERT_EQ(operations.size(), 1'000U);
  const auto dropped = std::count_if(operations.begin(), operations.end(), [](const auto& operation) {
    return operation.outcome == record::Outcome::dropped;
  });
  EXPECT_EQ(dropped, 900);
  EXPECT_EQ(world.server.requests.size(), 100U);
  const auto summary = world.generator->summary();
  EXPECT_EQ(summary.dropped, 900U);
  EXPECT_EQ(summary.most_in_flight, 100U);
  const auto told = world.generator->take_seconds();
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told[0].dropped, 900U);
  EXPECT_GE(told[0].p50, 999'000'000) << "what was dropped never looks fast";
}

TEST(Generator, ATimeoutIsUnknownForAWriteAndAFailureForARead) {
  auto config = rate_of(100);
  config.timeout = 50'000'000;
  World world(config);
  world.server.silent = true;
  const auto operations = world.run(milliseconds(500));
  for (const auto& operation : operations) {
    EXPECT_EQ(operation.outcome, operation.op == "write" ? record::Outcome::info : record::Outcome::fail);
    EXPECT_EQ(operation.error, "timeout");
    EXPECT_EQ(operation.done - operation.sent, 50'000'000);
  }
}

TEST(Generator, AProcessHasOneOperationUnderWayAndIsRetiredByAnUnknownOne) {
  auto config = rate_of(1'000);
  config.timeout = 30'000'000;
  config.clients = 3;
  config.client_index = 1;
  World world(config);
  world.server.service = microseconds(2'500);
  world.server.stall_from = milliseconds(200);
  world.server.stall_to = milliseconds(300);
  auto operations = world.run(seconds(1));
  std::sort(operations.begin(), operations.end(),
            [](const auto& a, const auto& b) { return std::tie(a.process, a.sent) < std::tie(b.process, b.sent); });
  int unknown = 0;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    EXPECT_EQ(operations[i].process % 3, 1U);
    EXPECT_EQ(operations[i].id % 3, 1U);
    if (i == 0 || operations[i - 1].process != operations[i].process) continue;
    EXPECT_LE(operations[i - 1].done, operations[i].sent);
    EXPECT_NE(operations[i - 1].outcome, record::Outcome::info);
    unknown += operations[i].outcome == record::Outcome::info ? 1 : 0;
  }
  EXPECT_GT(unknown, 0);
}

TEST(Generator, AnAnswerAfterTheTimeoutChangesNothing) {
  struct Late : Driver {
    void submit(const Request&, Done done) override { kept.push_back(std::move(done)); }
    Response abandon(std::uint64_t) override { return {Fate::unknown, std::nullopt, "", "timeout"}; }
    std::vector<Done> kept;
  } late;
  Folder folder;
  nanoseconds now{};
  const auto config = register_config(folder.file("h"));
  HistoryFile history(config.history);
  Generator generator(config, late, history, [&] { return now; });
  generator.start(now);
  generator.advance();
  generator.stop();
  now = seconds(1);
  generator.advance();
  ASSERT_EQ(late.kept.size(), 1U);
  late.kept[0]({Fate::done, "x", "n1", ""});
  history.flush();
  const auto operations = read_back(config.history);
  ASSERT_EQ(operations.size(), 1U);
  EXPECT_NE(operations[0].outcome, record::Outcome::ok);
}

TEST(Generator, WriteOnceReadsAskForWhatWasAcknowledged) {
  auto config = rate_of(1'000);
  config.workload = "write-once";
  config.mix = {{"read", 50}, {"write", 50}};
  World world(config);
  const auto operations = world.run(seconds(2));
  std::map<std::string, std::int64_t> written;  // key -> acknowledged at
  std::set<std::string> values;
  for (const auto& operation : operations) {
    if (operation.op != "write") continue;
    EXPECT_TRUE(written.emplace(operation.key, operation.done).second) << "each key is written once";
    EXPECT_TRUE(values.insert(operation.value.value()).second) << "each value is written once";
  }
  int reads = 0;
  for (const auto& operation : operations) {
    if (operation.op != "read" || operation.key == "w0") continue;
    ++reads;
    ASSERT_TRUE(written.contains(operation.key));
    EXPECT_LE(written[operation.key], operation.sent);
  }
  EXPECT_GT(reads, 900);
  EXPECT_EQ(world.generator->keys_to_read_back().size(), written.size());
}

TEST(Generator, SecondsCountByWhenOperationsWereDue) {
  World world(rate_of(100));
  world.server.stall_from = milliseconds(1'500);
  world.server.stall_to = milliseconds(3'500);
  (void)world.run(seconds(5));
  const auto told = world.generator->take_seconds();
  std::map<std::int64_t, record::LoadSecond> all;
  for (const auto& second : told) {
    if (second.op.empty()) all[second.second] = second;
  }
  ASSERT_GE(all.size(), 5U);
  for (std::int64_t second = 0; second < 5; ++second) EXPECT_EQ(all[second].ok, 100U);
  EXPECT_LT(all[0].max, 1'000'000);
  EXPECT_GT(all[1].max, 1'900'000'000);
  EXPECT_GT(all[2].p50, 900'000'000);
  EXPECT_LT(all[4].max, 1'000'000);
}

}  // namespace
}  // namespace withstand::load
