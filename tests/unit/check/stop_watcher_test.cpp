#include "check/stop_watcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace withstand::check {
namespace {

constexpr std::int64_t second = 1'000'000'000;

StopWatcher watch(const std::string& text) {
  auto condition = spec::parse_stop_condition(text);
  if (!condition.ok()) throw std::runtime_error(condition.error().message);
  return StopWatcher({*condition}, std::chrono::seconds(0));
}

record::LoadSecond load(std::int64_t at, std::uint64_t ok, std::uint64_t failed) {
  record::LoadSecond made;
  made.second = at;
  made.ok = ok;
  made.fail = failed;
  return made;
}

ProbeObservation probe(std::int64_t at, bool ok, std::string node = "n1") {
  return {at * second, {"ping", std::move(node), ok, 0, ""}};
}

/// Feeds seconds 0, 1, ... one by one and returns the second after which the condition was met, or -1.
template <class Feed>
std::int64_t met_after(StopWatcher& watcher, std::int64_t seconds, Feed feed) {
  for (std::int64_t at = 0; at < seconds; ++at) {
    feed(at);
    if (watcher.met((at + 2) * second)) return at;
  }
  return -1;
}

TEST(StopWatcher, MetWhenItHeldWithoutABreakForLongEnough) {
  auto watcher = watch("errors > 50% for 5s");
  EXPECT_EQ(met_after(watcher, 20, [&](std::int64_t at) { watcher.add(load(at, 1, at >= 3 ? 9 : 0)); }), 7);
}

TEST(StopWatcher, ABreakStartsAnew) {
  auto watcher = watch("errors > 50% for 5s");
  EXPECT_EQ(met_after(watcher, 20, [&](std::int64_t at) { watcher.add(load(at, 1, at == 4 ? 0 : 9)); }), 9);
}

TEST(StopWatcher, SaysWhatItSaw) {
  auto watcher = watch("probe.ping < 10% for 2s");
  watcher.add(probe(0, false));
  watcher.add(probe(1, false));
  EXPECT_EQ(watcher.met(10 * second), "probe.ping < 10% for 2s: it held from 0s to 2s, last 0% (0 of 1)");
}

TEST(StopWatcher, SecondsWithoutASampleNeitherBreakNorLengthen) {
  auto watcher = watch("probe.ping < 10% for 5s");
  watcher.add(probe(0, false));
  EXPECT_EQ(watcher.met(100 * second), std::nullopt);
  watcher.add(probe(4, false));
  EXPECT_TRUE(watcher.met(101 * second));
}

TEST(StopWatcher, NodesAndClientsAreSummed) {
  auto watcher = watch("probe.ping < 60% for 1s");
  watcher.add(probe(0, false, "n1"));
  watcher.add(probe(0, true, "n2"));
  watcher.add(probe(0, true, "n3"));
  EXPECT_EQ(watcher.met(10 * second), std::nullopt);
  auto one_node = watch("probe.ping{node=n1} < 60% for 1s");
  one_node.add(probe(0, false, "n1"));
  one_node.add(probe(0, true, "n2"));
  EXPECT_TRUE(one_node.met(10 * second));
  auto clients = watch("errors > 40% for 1s");
  clients.add(load(0, 10, 0));
  clients.add(load(0, 0, 10));
  EXPECT_TRUE(clients.met(10 * second));
}

TEST(StopWatcher, OutageCountsSecondsWithoutASuccess) {
  auto watcher = watch("outage >= 3s for 2s");
  EXPECT_EQ(met_after(watcher, 20, [&](std::int64_t at) { watcher.add(load(at, at < 5 ? 1 : 0, 1)); }), 8);
}

TEST(StopWatcher, WaitsAsLongAsSamplesMayBeLate) {
  auto condition = spec::parse_stop_condition("errors > 50% for 1s");
  StopWatcher watcher({*condition}, std::chrono::seconds(5));
  watcher.add(load(0, 0, 1));
  EXPECT_EQ(watcher.met(6 * second), std::nullopt);
  EXPECT_TRUE(watcher.met(7 * second));
}

TEST(StopWatcher, SaysWhatCannotBeWatched) {
  const auto objection = [](const char* text) { return StopWatcher::objection(*spec::parse_stop_condition(text)); };
  EXPECT_EQ(objection("recovery > 5s for 1s"), "'recovery' is known only after the run");
  EXPECT_EQ(objection("p95 > 5s for 1s"), "'p95' is known only after the run");
  EXPECT_EQ(objection("errors{node=n1} > 5% for 1s"), "'errors' cannot be watched by node");
  for (const char* text : {"errors > 5% for 1s", "dropped > 5% for 1s", "availability < 5% for 1s",
                           "outage > 5s for 1s", "throughput < 5/s for 1s", "operations < 5 for 1s", "p50 > 1s for 1s",
                           "p99 > 1s for 1s", "max > 1s for 1s", "probe.ping{node=n1} < 5% for 1s"}) {
    EXPECT_EQ(objection(text), std::nullopt) << text;
    auto watcher = watch(text);
    watcher.add(load(0, 1, 1));
    EXPECT_NO_THROW(static_cast<void>(watcher.met(10 * second)));
  }
}

}  // namespace
}  // namespace withstand::check
