#include <algorithm>
#include <set>

#include "load/generator.hpp"
#include "support.hpp"

namespace withstand::load {
namespace {

using namespace testing;
using record::Outcome;
using Kind = Request::Kind;

/// Answers at once, as a test says.
struct Scripted : Driver {
  void submit(const Request& request, Done done) override {
    requests.push_back(request);
    if (respond) return done(respond(request));
    done({Fate::done, std::nullopt, "n1", ""});
  }
  Response abandon(std::uint64_t) override { return {Fate::unknown, std::nullopt, "n1", "timeout"}; }
  std::function<Response(const Request&)> respond;
  std::vector<Request> requests;
};

struct Workloads : ::testing::Test {
  std::vector<record::Operation> run(Config config, nanoseconds end) {
    config.history = folder.file("history.jsonl");
    HistoryFile history(config.history);
    Generator generator(config, driver, history, [this] { return now; });
    generator.start(nanoseconds(0));
    while (!generator.finished()) {
      if (now >= end) generator.stop();
      if (generator.advance()) continue;
      if (generator.finished()) break;
      auto next = generator.next_wake();
      if (now < end) next = next ? std::min(*next, end) : end;
      now = std::max(now, next.value());
    }
    history.flush();
    return read_back(config.history);
  }
  static Config of(const std::string& workload, std::int64_t rate = 100) {
    auto config = register_config("");
    config.workload = workload;
    config.keys = 1;
    config.rate_millihertz = rate * 1000;
    return config;
  }
  Folder folder;
  nanoseconds now{};
  Scripted driver;
};

TEST_F(Workloads, ACasExpectsWhatWasLastSeen) {
  auto config = of("cas-register");
  config.mix = {{"cas", 50}, {"write", 50}};
  std::string held;
  driver.respond = [&](const Request& request) -> Response {
    if (request.kind == Kind::cas && request.expected != held)
      return {Fate::refused, std::nullopt, "n1", "another value was there", std::nullopt, true};
    held = request.value;
    return {Fate::done, std::nullopt, "n1", ""};
  };
  const auto operations = run(config, seconds(5));
  std::size_t swapped = 0;
  for (const auto& operation : operations) {
    EXPECT_EQ(operation.outcome, Outcome::ok);
    if (operation.op != "cas") continue;
    ++swapped;
    EXPECT_TRUE(operation.json);
    EXPECT_EQ(nlohmann::json::parse(*operation.value).size(), 2U);
  }
  EXPECT_GT(swapped, 200U);
}

TEST_F(Workloads, WhatWasDeclinedIsInTheHistoryAndNoError) {
  driver.respond = [](const Request& request) -> Response {
    if (request.kind == Kind::enqueue) return {Fate::done, std::nullopt, "n1", ""};
    return {Fate::refused, std::nullopt, "n1", "empty", std::nullopt, true};
  };
  for (const auto& operation : run(of("queue"), seconds(2))) {
    EXPECT_EQ(operation.declined, operation.op == "dequeue");
    EXPECT_EQ(operation.outcome, operation.op == "dequeue" ? Outcome::fail : Outcome::ok);
    if (operation.op == "dequeue") {
      EXPECT_LT(record::response_time(operation, 1'000'000'000), 1'000'000);
    }
  }
}

TEST_F(Workloads, AHolderGivesTheLockBackAsTheSameProcess) {
  auto config = of("lock");
  config.hold = 30'000'000;
  std::uint64_t token = 0;
  bool held = false;
  driver.respond = [&](const Request& request) -> Response {
    if (request.kind == Kind::release) {
      EXPECT_EQ(request.value, std::to_string(token));
      held = false;
      return {Fate::done, std::nullopt, "n1", ""};
    }
    if (held) return {Fate::refused, std::nullopt, "n1", "another holds the lock", std::nullopt, true};
    held = true;
    return {Fate::done, std::nullopt, "n1", "", std::to_string(++token)};
  };
  const auto operations = run(config, seconds(2));
  std::map<std::uint32_t, std::int64_t> since;
  std::size_t releases = 0;
  for (const auto& operation : operations) {
    if (operation.op == "acquire" && operation.outcome == Outcome::ok) {
      EXPECT_TRUE(operation.json);
    }
    releases += operation.op == "release" ? 1U : 0U;
  }
  EXPECT_EQ(releases, token) << "every holder gave it back, the last one after the load had stopped";
  EXPECT_FALSE(held);
  EXPECT_GT(token, 40U);
}

TEST_F(Workloads, UsersTakeTurnsAndThink) {
  auto config = of("register");
  config.users = 10;
  config.think = 100'000'000;
  const auto operations = run(config, seconds(20));
  // Each of ten asks every 100 ms in the mean: 2000, give or take 5 * sqrt(2000).
  EXPECT_NEAR(static_cast<double>(operations.size()), 2'000, 224);
  std::set<std::uint32_t> processes;
  for (const auto& operation : operations) processes.insert(operation.process);
  EXPECT_EQ(processes.size(), 10U);
}

TEST_F(Workloads, AUserWhoDoesNotKnowGoesOnAsSomebodyElse) {
  auto config = of("session");
  config.users = 2;
  config.think = 10'000'000;
  int count = 0;
  driver.respond = [&](const Request& request) -> Response {
    if (request.kind == Kind::write && ++count % 10 == 0) return {Fate::unknown, std::nullopt, "n1", "timeout"};
    return {Fate::done, request.kind == Kind::read ? std::optional<std::string>("7") : std::nullopt, "n1", ""};
  };
  std::set<std::uint32_t> gone;
  for (const auto& operation : run(config, seconds(2))) {
    if (operation.op == "read") {
      EXPECT_EQ(operation.value, "7");
      EXPECT_TRUE(operation.json);
      continue;
    }
    EXPECT_EQ(operation.key, "s" + std::to_string(operation.process)) << "everybody writes a key of their own";
  }
}

}  // namespace
}  // namespace withstand::load
