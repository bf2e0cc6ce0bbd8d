#include "check/stop_watcher.hpp"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "spec/metrics.hpp"

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

TEST(StopWatcher, EveryMetricThatTheFileMayNameIsWatched) {
  const std::map<spec::Measure, std::string> values{{spec::Measure::duration, ">= 0s"},
                                                    {spec::Measure::ratio, ">= 0%"},
                                                    {spec::Measure::rate, ">= 0/s"},
                                                    {spec::Measure::count, ">= 0"}};
  const auto met = [&](const std::string& metric, spec::Measure measure) {
    auto watcher = watch(metric + " " + values.at(measure) + " for 1s");
    watcher.add(load(0, 1, 1));
    watcher.add(probe(0, true));
    return watcher.met(10 * second).has_value();
  };
  for (const spec::MetricInfo& metric : spec::metrics()) {
    if (metric.name == "pNN") continue;
    const std::string name = metric.name == "probe.NAME" ? "probe.ping" : std::string(metric.name);
    EXPECT_EQ(met(name, metric.measure), metric.live) << name;
  }
  for (const char* name : {"p50", "p99", "p95", "p99.9"}) {
    EXPECT_EQ(met(name, spec::Measure::duration), spec::is_live(name)) << name;
  }
}

}  // namespace
}  // namespace withstand::check
