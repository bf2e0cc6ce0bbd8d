#include "kv/coordinator.hpp"

#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace quorum_kv {
namespace {

using std::chrono::milliseconds;

/// A coordinator, node 0 of three, whose messages the test carries by hand.
class CoordinatorTest : public ::testing::Test, protected Transport, protected Clock {
 protected:
  struct Sent {
    std::uint32_t to;
    Request request;
  };

  void send(std::uint32_t to, const Request& request) override { sent.push_back({to, request}); }
  std::chrono::nanoseconds monotonic() const override { return now; }
  std::chrono::nanoseconds wall() const override { return wall_now; }

  Coordinator make(const Bugs& bugs = {}) { return {Identity{0, 3, 5}, timing, bugs, *this, *this}; }

  Coordinator::Done remember() {
    return [this](const Result& any) { result = any; };
  }

  void advance(Coordinator& coordinator, milliseconds by) {
    for (milliseconds passed{0}; passed < by; passed += milliseconds(5)) {
      now += milliseconds(5);
      coordinator.tick();
    }
  }

  static QueryReply holds(const Request& query, const Versioned& data) { return {std::get<Query>(query).ticket, data}; }
  static StoreReply stored(const Request& store) { return {std::get<Store>(store).ticket}; }

  const Timing timing{milliseconds(800), milliseconds(100)};
  std::vector<Sent> sent;
  std::optional<Result> result;
  std::chrono::nanoseconds now = milliseconds(1000);
  std::chrono::nanoseconds wall_now = std::chrono::hours(1000);
  const Versioned old_value{{3, 1, 1, 1}, "old"};
  const Versioned new_value{{4, 2, 1, 1}, "new"};
};

TEST_F(CoordinatorTest, AWriteTakesAGreaterTagAndWaitsForAMajority) {
  auto coordinator = make();
  coordinator.write("k", "mine", remember());
  ASSERT_EQ(sent.size(), 3u);
  coordinator.on_reply(0, holds(sent[0].request, old_value));
  EXPECT_EQ(sent.size(), 3u);
  coordinator.on_reply(2, holds(sent[2].request, new_value));
  ASSERT_EQ(sent.size(), 6u);
  const auto& record = std::get<Store>(sent[3].request).record;
  EXPECT_EQ(record, (Record{"k", {{5, 0, 5, 1}, "mine"}}));
  coordinator.on_reply(1, stored(sent[4].request));
  EXPECT_FALSE(result);
  coordinator.on_reply(1, stored(sent[4].request));  // the same replica twice is not a majority
  EXPECT_FALSE(result);
  coordinator.on_reply(2, stored(sent[5].request));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, Outcome::ok);
  EXPECT_EQ(coordinator.in_flight(), 0u);
}

TEST_F(CoordinatorTest, AReadOfWhatAMajorityHoldsNeedsNoWriteBack) {
  auto coordinator = make();
  coordinator.read("k", remember());
  coordinator.on_reply(0, holds(sent[0].request, new_value));
  coordinator.on_reply(1, holds(sent[1].request, new_value));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->data, new_value);
  EXPECT_EQ(sent.size(), 3u);
}

TEST_F(CoordinatorTest, AReadOfWhatOneReplicaHoldsWritesItBackFirst) {
  auto coordinator = make();
  coordinator.read("k", remember());
  coordinator.on_reply(0, holds(sent[0].request, old_value));
  coordinator.on_reply(1, holds(sent[1].request, new_value));
  ASSERT_EQ(sent.size(), 6u);
  EXPECT_EQ(std::get<Store>(sent[3].request).record.data, new_value);
  coordinator.on_reply(2, holds(sent[2].request, new_value));  // late, of a phase that is over
  EXPECT_FALSE(result);
  coordinator.on_reply(0, stored(sent[3].request));
  coordinator.on_reply(1, stored(sent[4].request));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->data, new_value);
}

TEST_F(CoordinatorTest, AtItsDeadlineAnOperationSaysWhetherItMayHaveHappened) {
  auto coordinator = make();
  coordinator.write("k", "mine", remember());
  advance(coordinator, milliseconds(800));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, Outcome::none);

  sent.clear();
  result.reset();
  coordinator.write("k", "mine", remember());
  coordinator.on_reply(0, holds(sent[0].request, {}));
  coordinator.on_reply(1, holds(sent[1].request, {}));
  advance(coordinator, milliseconds(800));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->outcome, Outcome::unknown);
}

TEST_F(CoordinatorTest, RepeatsToTheSilentOnlyAndBacksOff) {
  auto coordinator = make();
  coordinator.read("k", remember());
  coordinator.on_reply(0, holds(sent[0].request, old_value));
  sent.clear();
  advance(coordinator, milliseconds(750));
  // At 100, 300 and 700 ms, to the two that did not answer.
  EXPECT_EQ(sent.size(), 6u);
  for (const Sent& again : sent) EXPECT_NE(again.to, 0u);
}

TEST_F(CoordinatorTest, AReconnectedMemberIsAskedAgainAtOnce) {
  auto coordinator = make();
  coordinator.read("k", remember());
  sent.clear();
  coordinator.on_reconnect(2);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].to, 2u);
}

TEST_F(CoordinatorTest, ConcurrentWritesOfOneCoordinatorHaveDifferentTags) {
  auto coordinator = make();
  coordinator.write("k", "a", remember());
  coordinator.write("k", "b", remember());
  for (const std::uint32_t from : {0u, 1u}) {
    coordinator.on_reply(from, holds(sent[0].request, old_value));
    coordinator.on_reply(from, holds(sent[3].request, old_value));
  }
  ASSERT_EQ(sent.size(), 12u);
  EXPECT_NE(std::get<Store>(sent[6].request).record.data.tag, std::get<Store>(sent[9].request).record.data.tag);
}

TEST_F(CoordinatorTest, JumpsOfTheWallClockDoNotMatter) {
  auto coordinator = make();
  coordinator.read("k", remember());
  wall_now += std::chrono::hours(5);
  advance(coordinator, milliseconds(790));
  EXPECT_FALSE(result);
  wall_now -= std::chrono::hours(10);
  advance(coordinator, milliseconds(10));
  EXPECT_TRUE(result);
}

TEST_F(CoordinatorTest, BugWallClockTimeouts) {
  Bugs bugs;
  bugs.wall_clock_timeouts = true;
  auto coordinator = make(bugs);
  coordinator.read("k", remember());
  wall_now -= std::chrono::hours(10);
  advance(coordinator, std::chrono::seconds(30));
  EXPECT_FALSE(result) << "a clock set back should have suspended the deadline";
}

TEST_F(CoordinatorTest, BugNoTimeoutWaitsForASilentMember) {
  Bugs bugs;
  bugs.no_timeout = true;
  auto coordinator = make(bugs);
  coordinator.read("k", remember());
  coordinator.on_reply(0, holds(sent[0].request, old_value));
  coordinator.on_reply(1, holds(sent[1].request, old_value));
  advance(coordinator, std::chrono::seconds(60));
  EXPECT_FALSE(result);
}

TEST_F(CoordinatorTest, BugRetryStormSendsHundredsOfTimesMore) {
  Bugs bugs;
  bugs.retry_storm = true;
  auto coordinator = make(bugs);
  coordinator.read("k", remember());
  advance(coordinator, milliseconds(750));
  EXPECT_GT(sent.size(), 10'000u);
}

}  // namespace
}  // namespace quorum_kv
