#include "check/metrics.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "histories.hpp"

namespace withstand::check {
namespace {

using namespace testing;
using record::Operation;
using record::Outcome;
using ::testing::HasSubstr;

/// before [0 s, 10 s), during [10 s, 20 s), after [20 s, 30 s).
class Trial {
 public:
  /// One operation, due at `at`; times in milliseconds.
  Trial& add(std::int64_t at, std::int64_t took, Outcome outcome = Outcome::ok, std::string op = "read",
             std::string node = "n1") {
    operations_.push_back(operation(std::move(op), "k", "v", {at, at + took}, outcome, std::move(node)));
    return *this;
  }
  /// One every `every` from `from` until before `to`, each answered after 5 ms.
  Trial& steady(std::int64_t from, std::int64_t to, std::int64_t every, Outcome outcome = Outcome::ok) {
    for (std::int64_t at = from; at < to; at += every) add(at, 5, outcome);
    return *this;
  }
  /// A write to a key of its own, acknowledged after 5 ms, and what the nodes answer at the end: "+" it, "-" nothing,
  /// "?" no answer.
  Trial& written(std::int64_t at, std::string_view answers) {
    const std::string key = "k" + std::to_string(at);
    operations_.push_back(operation("write", key, "v", {at, at + 5}));
    for (std::size_t node = 0; node < answers.size(); ++node) {
      auto read = operation("read", key, std::nullopt, {40'000, 40'001}, Outcome::ok, "n" + std::to_string(node + 1));
      if (answers[node] == '+') read.value = "v";
      if (answers[node] == '?') read.outcome = Outcome::info;
      read.final_read = true;
      operations_.push_back(read);
    }
    return *this;
  }
  Trial& fault_ended(std::int64_t at) {
    fault_end_ = at * ms;
    return *this;
  }
  Trial& probe(std::int64_t asked, bool ok, std::string node = "n1", std::int64_t took = 1) {
    probes_.push_back({asked * ms, {"ping", std::move(node), ok, took * ms, ok ? "" : "refused"}});
    return *this;
  }

  [[nodiscard]] Metrics metrics() const {
    return Metrics(
        {operations_,
         {{"before", {0, 10'000 * ms}}, {"during", {10'000 * ms, 20'000 * ms}}, {"after", {20'000 * ms, 30'000 * ms}}},
         probes_,
         fault_end_,
         std::chrono::seconds(1)});
  }
  [[nodiscard]] Evaluation judge(const std::string& text, const std::string& phase = "before") const {
    const auto threshold = spec::parse_threshold(text);
    if (!threshold.ok()) throw std::runtime_error(threshold.error().message);
    return metrics().evaluate(*threshold, phase);
  }

 private:
  std::vector<Operation> operations_;
  std::vector<ProbeObservation> probes_;
  std::optional<std::int64_t> fault_end_;
};

#define EXPECT_JUDGED(evaluation, wanted, text)                                                \
  do {                                                                                         \
    const Evaluation evaluated = (evaluation);                                                 \
    EXPECT_EQ(to_text(evaluated.judgement), wanted) << evaluated.measured << evaluated.detail; \
    EXPECT_EQ(evaluated.measured, text);                                                       \
  } while (false)

TEST(Metrics, WithoutASampleNothingHolds) {
  const Trial run;
  for (const char* text : {"errors == 0%", "lost == 0%", "availability > 1%", "dropped == 0%", "outage < 1h",
                           "recovery < 1h", "throughput >= 0/s", "operations >= 0", "mean < 1h", "min < 1h", "p99 < 1h",
                           "max < 1h", "probe.ping >= 0%", "lag < 1h"}) {
    for (const char* phase : {"before", "during", "after", "nonsense"}) {
      EXPECT_JUDGED(run.judge(text, phase), "inconclusive", "no sample");
    }
  }
}

TEST(Metrics, AFilterThatMatchesNothingHasNoSample) {
  const Trial run = Trial().steady(0, 1000, 10);
  EXPECT_JUDGED(run.judge("errors{op=write} == 0%"), "inconclusive", "no sample");
  EXPECT_JUDGED(run.judge("errors{node=n9} == 0%"), "inconclusive", "no sample");
  EXPECT_JUDGED(run.judge("errors{node=n1,op=read} == 0%"), "held", "0% (0 of 100)");
}

TEST(Metrics, ErrorsCountFailuresTimeoutsAndDrops) {
  const Trial run =
      Trial().steady(0, 970, 10).add(970, 1, Outcome::fail).add(980, 1000, Outcome::info).add(990, 0, Outcome::dropped);
  EXPECT_JUDGED(run.judge("errors < 3%"), "failed", "3% (3 of 100)");
  EXPECT_JUDGED(run.judge("errors <= 3%"), "held", "3% (3 of 100)");
  EXPECT_JUDGED(run.judge("dropped == 0%"), "failed", "1% (1 of 100)");
  EXPECT_JUDGED(run.judge("operations >= 100"), "held", "100");
}

TEST(Metrics, OneFailureInAMillionIsNotNone) {
  Trial run;
  for (int i = 0; i < 1'000'000; ++i) run.add(i / 200, 1, i == 7 ? Outcome::fail : Outcome::ok);
  EXPECT_JUDGED(run.judge("errors == 0%"), "failed", "0.0001% (1 of 1000000)");
}

TEST(Metrics, AnOperationBelongsToThePhaseInWhichItWasDue) {
  const Trial run = Trial().add(9'000, 500, Outcome::fail).add(19'999, 500, Outcome::fail).add(20'000, 1);
  EXPECT_JUDGED(run.judge("errors == 0%", "before"), "failed", "100% (1 of 1)");
  EXPECT_JUDGED(run.judge("errors == 0%", "during"), "failed", "100% (1 of 1)");
  EXPECT_JUDGED(run.judge("errors == 0%", "after"), "held", "0% (0 of 1)");
}

TEST(Metrics, WhatIsUnderWayWhenBeforeEndsBelongsToDuring) {
  const Trial run = Trial().steady(0, 9'900, 100).add(9'990, 500, Outcome::fail).add(9'995, 5).add(10'000, 1);
  EXPECT_JUDGED(run.judge("errors == 0%", "before"), "held", "0% (0 of 99)");
  EXPECT_JUDGED(run.judge("errors == 0%", "during"), "failed", "33.3% (1 of 3)");
  EXPECT_JUDGED(run.judge("availability == 100%", "during"), "held", "100% (1 of 1)");
  EXPECT_JUDGED(run.judge("outage < 1s", "before"), "held", "10.0ms");
}

TEST(Metrics, ATargetThatFellSilentEarlyInBeforeIsNotInItsSteadyState) {
  std::vector<Operation> all;
  for (int i = 0; i < 40; ++i) all.push_back(operation("read", "k", "v", {i * 100, i < 10 ? i * 100 + 5 : 9'000}));
  for (int i = 10; i < 40; ++i) all[static_cast<std::size_t>(i)].outcome = Outcome::info;
  const Metrics metrics(
      {all, {{"before", {0, 4'000 * ms}}, {"during", {4'000 * ms, 9'000 * ms}}}, {}, {}, std::chrono::seconds(10)});
  EXPECT_EQ(metrics.evaluate(*spec::parse_threshold("errors == 0%"), "before").measured, "50% (10 of 20)");
  EXPECT_EQ(metrics.evaluate(*spec::parse_threshold("errors == 0%"), "during").measured, "100% (20 of 20)");
}

TEST(Metrics, WhatIsDueBetweenBeforeAndDuringIsNotForgotten) {
  const std::vector<Operation> all{operation("read", "k", "v", {10'001, 10'002}, Outcome::fail, "n1")};
  const Metrics metrics(
      {all, {{"before", {0, 10'000 * ms}}, {"during", {10'005 * ms, 20'000 * ms}}}, {}, {}, std::chrono::seconds(1)});
  EXPECT_EQ(metrics.evaluate(*spec::parse_threshold("errors == 0%"), "during").measured, "100% (1 of 1)");
}

TEST(Metrics, WhatRefusalsAtOnceBreakIsBeyondExcuse) {
  const auto beyond = [](const Trial& run, const char* text) { return run.judge(text).beyond_excuse; };
  const Trial mixed = Trial().steady(0, 900, 10).steady(900, 1000, 10, Outcome::fail);
  EXPECT_TRUE(beyond(mixed, "errors < 10%"));
  EXPECT_TRUE(beyond(mixed, "availability == 100%"));
  EXPECT_FALSE(beyond(mixed, "p99 < 1ms")) << "slowness alone";
  Trial slow = Trial(mixed);
  for (int i = 0; i < 50; ++i) slow.add(500 + i, 800, i % 2 == 0 ? Outcome::info : Outcome::dropped);
  EXPECT_TRUE(beyond(slow, "errors < 6%"));
  EXPECT_FALSE(beyond(slow, "errors < 7%")) << "without those that waited it would have held: 10 of 150";
  EXPECT_TRUE(beyond(Trial().probe(1, false).probe(2, true), "probe.ping > 50%"));
  EXPECT_FALSE(beyond(Trial().probe(1, false).probe(2, true), "probe.ping >= 50%"));
  EXPECT_FALSE(beyond(Trial().probe(1, false, "n1", 300).probe(2, true), "probe.ping > 50%")) << "this one waited";
}

TEST(Metrics, EverySecondHasItsFigures) {
  const Trial run = Trial().steady(0, 2000, 10).add(500, 900, Outcome::fail, "write");
  const auto seconds = run.metrics().summaries_by_second();
  ASSERT_EQ(seconds.size(), 5U) << "all, reads and writes of the first; all and reads of the next";
  EXPECT_EQ(seconds[0].second, 0);
  EXPECT_EQ(seconds[0].op, "");
  EXPECT_EQ(seconds[0].count, 101U);
  EXPECT_EQ(seconds[0].max, 1000 * ms) << "a failure counts with the timeout";
  EXPECT_EQ(seconds[1].op, "read");
  EXPECT_EQ(seconds[1].p999, 5 * ms);
  EXPECT_EQ(seconds[2].op, "write");
  EXPECT_EQ(seconds[2].fail, 1U);
  EXPECT_EQ(seconds[3].second, 1);
  EXPECT_EQ(seconds[3].mean, 5 * ms);
  EXPECT_EQ(seconds[3].phase, "before");
}

TEST(Metrics, TheReadBackIsNoPartOfTheLoad) {
  auto back = operation("read", "k", "v", {100, 200}, Outcome::fail);
  back.final_read = true;
  const std::vector<Operation> all{back};
  const Metrics metrics({all, {{"before", {0, 10'000 * ms}}}, {}, {}, std::chrono::seconds(1)});
  EXPECT_EQ(metrics.evaluate(*spec::parse_threshold("errors == 0%"), "before").measured, "no sample");
}

TEST(Metrics, PercentilesAreNearestRankFromWhenDue) {
  Trial run;
  for (int i = 1; i <= 100; ++i) run.add(i, i);
  EXPECT_JUDGED(run.judge("p50 <= 50ms"), "held", "50.0ms");
  EXPECT_JUDGED(run.judge("p99 < 99ms"), "failed", "99.0ms");
  EXPECT_JUDGED(run.judge("p99.9 <= 100ms"), "held", "100ms");
  EXPECT_JUDGED(run.judge("min == 1ms"), "held", "1.00ms");
  EXPECT_JUDGED(run.judge("max == 100ms"), "held", "100ms");
  EXPECT_JUDGED(run.judge("mean <= 51ms"), "held", "50.5ms");
  EXPECT_EQ(run.judge("p50 <= 50ms").samples, 100U);
}

TEST(Metrics, ResponseTimeCountsFromTheDueTimeNotTheSendTime) {
  auto late = operation("read", "k", "v", {900, 910});
  late.intended = 100 * ms;
  const std::vector<Operation> all{late};
  const Metrics metrics({all, {{"before", {0, 10'000 * ms}}}, {}, {}, std::chrono::seconds(1)});
  EXPECT_EQ(metrics.evaluate(*spec::parse_threshold("p50 < 1s"), "before").measured, "810ms");
  EXPECT_EQ(metrics.evaluate(*spec::parse_threshold("lag < 1s"), "before").measured, "800ms");
  const auto summary = metrics.summaries().at(0);
  EXPECT_EQ(summary.p50, 810 * ms);
  EXPECT_EQ(summary.service_p50, 10 * ms);
}

TEST(Metrics, FailingFastDoesNotImproveAPercentile) {
  Trial run;
  for (int i = 0; i < 98; ++i) run.add(i, 300);
  run.add(98, 1, Outcome::fail).add(99, 1, Outcome::fail);
  EXPECT_JUDGED(run.judge("p98 <= 300ms"), "held", "300ms");
  EXPECT_JUDGED(run.judge("p99 < 2s"), "failed", ">1.00s");
  EXPECT_JUDGED(run.judge("p99 > 2s"), "held", ">1.00s");
  EXPECT_JUDGED(run.judge("min >= 300ms"), "held", "300ms");
  EXPECT_JUDGED(run.judge("mean <= 314ms"), "held", ">314ms");
  EXPECT_THAT(run.judge("p99 < 2s").detail, HasSubstr("2 of 100 operations did not succeed"));
}

TEST(Metrics, AFailureThatTookLongerThanTheTimeoutCountsInFull) {
  EXPECT_JUDGED(Trial().add(0, 2500, Outcome::info).judge("max < 1h"), "failed", ">2.50s");
}

TEST(Metrics, AnOperationThatNeverEndedIsAFailure) {
  auto lost = operation("write", "k", "v", {100, 0}, Outcome::info);
  lost.done = INT64_MAX;
  const std::vector<Operation> all{lost};
  const Metrics metrics({all, {{"before", {0, 10'000 * ms}}}, {}, {}, std::chrono::seconds(1)});
  EXPECT_EQ(metrics.evaluate(*spec::parse_threshold("p50 < 1h"), "before").measured, ">1.00s");
  EXPECT_EQ(metrics.evaluate(*spec::parse_threshold("outage < 1s"), "before").measured, "9.90s");
}

TEST(Metrics, ThroughputCountsWhatCompletedInThePhase) {
  // 100 due before, of which the last 20 completed in `during`.
  Trial run = Trial().steady(0, 8'000, 100);
  for (int i = 0; i < 20; ++i) run.add(8'000 + i, 5'000);
  EXPECT_JUDGED(run.judge("throughput >= 8/s"), "held", "8.0/s");
  run.add(15'000, 10, Outcome::fail);
  EXPECT_JUDGED(run.judge("throughput > 2/s", "during"), "failed", "2.0/s");
}

TEST(Metrics, ThroughputOfAPhaseWithoutSuccessIsZeroNotUnknown) {
  EXPECT_JUDGED(Trial().add(100, 10, Outcome::fail).judge("throughput > 0/s"), "failed", "0.0/s");
}

TEST(Metrics, AvailabilityIsAShareOfTime) {
  // Ten tenths of a second asked: in two of them nothing succeeded, in one only one of two operations did.
  Trial run;
  for (int i = 0; i < 10; ++i) run.add(i * 100, 5, i == 3 || i == 4 ? Outcome::fail : Outcome::ok);
  run.add(650, 5, Outcome::fail);
  EXPECT_JUDGED(run.judge("availability >= 80%"), "held", "80% (8 of 10)");
  EXPECT_JUDGED(run.judge("availability > 80%"), "failed", "80% (8 of 10)");
}

TEST(Metrics, OutageIsTheLongestTimeUnserved) {
  const Trial run = Trial().steady(0, 4'000, 10).steady(4'000, 7'000, 10, Outcome::fail).steady(7'000, 10'000, 10);
  EXPECT_JUDGED(run.judge("outage < 3s"), "failed", "3.00s");
  EXPECT_EQ(run.judge("outage < 3s").detail, "from before+4.000000s to before+7.005000s");
}

TEST(Metrics, OutageCountsOnlyFromWhenSomebodyAsked) {
  EXPECT_JUDGED(Trial().steady(0, 10'000, 1'000).judge("outage < 10ms"), "held", "5.00ms");
}

TEST(Metrics, OutageIsCutAtThePhasesEdges) {
  const Trial run = Trial().steady(0, 8'000, 10).steady(8'000, 13'000, 10, Outcome::info).steady(13'000, 30'000, 10);
  EXPECT_JUDGED(run.judge("outage < 2s", "before"), "failed", "2.00s");
  EXPECT_THAT(run.judge("outage < 2s", "before").detail, HasSubstr("the end of the phase"));
  EXPECT_JUDGED(run.judge("outage < 4s", "during"), "held", "3.00s");
  EXPECT_JUDGED(run.judge("outage < 10ms", "after"), "held", "5.00ms");
}

TEST(Metrics, OutageEndsWithASuccessThatWasDueLongBefore) {
  // Everything hangs for three seconds and then succeeds at once.
  Trial run = Trial().steady(0, 2'000, 10);
  for (int at = 2'000; at < 5'000; at += 10) run.add(at, 5'000 - at);
  run.steady(5'000, 10'000, 10);
  EXPECT_JUDGED(run.judge("outage < 5s"), "held", "3.00s");
}

TEST(Metrics, RecoveryIsTheFirstSuccessOfAGoodSecond) {
  const Trial run = Trial()
                        .fault_ended(20'000)
                        .steady(20'000, 22'000, 10, Outcome::fail)
                        .steady(22'000, 22'500, 10)
                        .add(22'500, 1, Outcome::fail)
                        .steady(22'510, 30'000, 10);
  EXPECT_JUDGED(run.judge("recovery < 3s", "after"), "held", "2.52s");
  EXPECT_JUDGED(run.judge("recovery < 2s", "after"), "failed", "2.52s");
}

TEST(Metrics, RecoveryWaitsForHangingOperationsToBeAnswered) {
  Trial run = Trial().fault_ended(20'000);
  for (int at = 20'000; at < 24'000; at += 10) run.add(at, 24'000 - at);
  run.steady(24'000, 30'000, 10);
  EXPECT_JUDGED(run.judge("recovery < 5s", "after"), "held", "4.00s");
}

TEST(Metrics, NoRecoveryIsFailed) {
  const Trial run = Trial().fault_ended(20'000).steady(20'000, 30'000, 10, Outcome::fail);
  EXPECT_JUDGED(run.judge("recovery < 8s", "after"), "failed", "never within the 10.0s observed");
  // The limit was not reached: nobody can say.
  EXPECT_JUDGED(run.judge("recovery < 11s", "after"), "inconclusive", "never within the 10.0s observed");
}

TEST(Metrics, RecoveryOfAFaultThatEndedInDuringIsSeenInAfter) {
  const Trial run = Trial().fault_ended(15'000).steady(10'000, 21'000, 10, Outcome::fail).steady(21'000, 30'000, 10);
  EXPECT_JUDGED(run.judge("recovery < 5s", "after"), "failed", "6.00s");
}

TEST(Metrics, RecoveryNeedsAFaultAndASecondToLookAt) {
  EXPECT_JUDGED(Trial().steady(20'000, 30'000, 10).judge("recovery < 1s", "after"), "inconclusive", "no sample");
  EXPECT_JUDGED(Trial().fault_ended(20'000).steady(0, 10'000, 10).judge("recovery < 1s", "before"), "inconclusive",
                "no sample");
  EXPECT_JUDGED(Trial().fault_ended(29'500).steady(20'000, 30'000, 10).judge("recovery < 1s", "after"), "inconclusive",
                "never within the 500ms observed");
}

TEST(Metrics, ProbesAreAShareOfTheSamplesAskedInThePhase) {
  const Trial run =
      Trial().probe(100, true).probe(600, false).probe(1'100, true, "n2").probe(1'600, true, "n2").probe(10'000, false);
  EXPECT_JUDGED(run.judge("probe.ping >= 75%"), "held", "75% (3 of 4)");
  EXPECT_JUDGED(run.judge("probe.ping{node=n2} == 100%"), "held", "100% (2 of 2)");
  EXPECT_JUDGED(run.judge("probe.ping == 100%"), "failed", "75% (3 of 4)");
  EXPECT_EQ(run.judge("probe.ping == 100%").detail, "last failure, n1 at before+0.600000s: refused");
  EXPECT_JUDGED(run.judge("probe.other >= 0%"), "inconclusive", "no sample");
  EXPECT_JUDGED(run.judge("probe.ping >= 0%", "after"), "inconclusive", "no sample");
}

TEST(Metrics, JudgeIsTheJournalsForm) {
  const auto result =
      Trial().steady(0, 1'000, 10).metrics().judge(*spec::parse_threshold("errors  ==0%"), "before", 17);
  EXPECT_EQ(result.phase, "before");
  EXPECT_EQ(result.text, "errors == 0%");
  EXPECT_EQ(result.outcome, "held");
  EXPECT_EQ(result.line, 17);
}

TEST(Metrics, SummariesAreByPhaseAndKind) {
  const Trial run =
      Trial().add(1, 10).add(2, 20, Outcome::ok, "write").add(3, 1, Outcome::fail, "write").add(10'000, 5);
  const auto all = run.metrics().summaries();
  ASSERT_EQ(all.size(), 5U);
  EXPECT_EQ(all[0].phase, "before");
  EXPECT_EQ(all[0].op, "");
  EXPECT_EQ(all[0].count, 3U);
  EXPECT_EQ(all[1].op, "read");
  EXPECT_EQ(all[2].op, "write");
  EXPECT_EQ(all[2].ok, 1U);
  EXPECT_EQ(all[2].fail, 1U);
  EXPECT_EQ(all[2].p50, 20 * ms);
  EXPECT_EQ(all[2].max, 1'000 * ms);
  EXPECT_EQ(all[3].phase, "during");
}

TEST(Metrics, LostIsTheShareOfAcknowledgedWritesThatANodeLacks) {
  Trial run;
  run.written(11'000, "++").written(12'000, "+-").written(13'000, "--").written(14'000, "++").written(21'000, "++");
  run.add(15'000, 5, Outcome::info, "write");
  EXPECT_JUDGED(run.judge("lost <= 50%", "during"), "held", "50% (2 of 4)");
  EXPECT_JUDGED(run.judge("lost < 50%", "during"), "failed", "50% (2 of 4)");
  EXPECT_JUDGED(run.judge("lost == 0%", "after"), "held", "0% (0 of 1)");
}

TEST(Metrics, LostIsUnknownWhileWhatCouldNotBeReadBackWouldDecide) {
  Trial run;
  run.written(11'000, "++").written(12'000, "+-").written(13'000, "+?").written(14'000, "++");
  EXPECT_JUDGED(run.judge("lost < 60%", "during"), "held", "25% (1 of 4)");
  EXPECT_JUDGED(run.judge("lost == 0%", "during"), "failed", "25% (1 of 4)");
  const Evaluation unknown = run.judge("lost < 50%", "during");
  EXPECT_JUDGED(unknown, "inconclusive", "25% (1 of 4)");
  EXPECT_THAT(unknown.detail, HasSubstr("1 more acknowledged writes could not be read back"));
  Trial nothing_read_back;
  nothing_read_back.written(11'000, "");
  EXPECT_JUDGED(nothing_read_back.judge("lost < 50%", "during"), "inconclusive", "0% (0 of 1)");
}

TEST(Metrics, ALimitMayBeWhatAnEarlierPhaseShowed) {
  Trial run;
  run.steady(0, 10'000, 100);
  for (std::int64_t at = 10'000; at < 20'000; at += 100) run.add(at, 14);
  EXPECT_JUDGED(run.judge("p99 < 3 * before", "during"), "held", "14.0ms");
  EXPECT_JUDGED(run.judge("p99 < 2 * before", "during"), "failed", "14.0ms");
  EXPECT_THAT(run.judge("p99 < 2 * before", "during").detail, HasSubstr("in before: 5.00ms"));
  EXPECT_JUDGED(run.judge("throughput >= 0.9 * before", "during"), "held", "10.0/s");
  EXPECT_EQ(run.judge("errors <= before", "during").judgement, Judgement::held);
  EXPECT_EQ(run.judge("p99 < 3 * during", "after").judgement, Judgement::inconclusive) << "nothing was due in after";
}

TEST(Metrics, WhatWasDeclinedWasServed) {
  std::vector<Operation> operations{operation("cas", "k", "v", {0, 5}, Outcome::fail),
                                    operation("cas", "k", "v", {10, 15})};
  operations[0].declined = true;
  const Metrics metrics({operations, {{"before", {0, 1'000 * ms}}}, {}, std::nullopt, std::chrono::seconds(1)});
  const auto judge = [&](const char* text) { return metrics.evaluate(*spec::parse_threshold(text), "before"); };
  EXPECT_JUDGED(judge("errors == 0%"), "held", "0% (0 of 2)");
  EXPECT_JUDGED(judge("declined < 60%"), "held", "50% (1 of 2)");
  EXPECT_JUDGED(judge("max < 10ms"), "held", "5.00ms");
}

// 40/s, 80/s, ... 400/s second by second; above 200/s answers take 300 ms.
TEST(Metrics, CapacityIsTheRateUpToWhichTheObjectiveIsKept) {
  std::vector<Operation> operations;
  for (std::int64_t second = 0; second < 10; ++second) {
    const std::int64_t rate = 40 * (second + 1);
    for (std::int64_t i = 0; i < rate; ++i) {
      const std::int64_t at = 1'000 * second + 1'000 * i / rate;
      operations.push_back(operation("read", "k", "v", {at, at + (rate > 200 ? 300 : 5)}));
    }
  }
  MetricsInput input{operations, {{"before", {0, 10'000 * ms}}}, {}, std::nullopt, std::chrono::seconds(1)};
  input.slo = {*spec::parse_threshold("p99 < 50ms"), *spec::parse_threshold("errors < 1%")};
  const Metrics metrics(input);
  const auto judge = [&](const char* text) { return metrics.evaluate(*spec::parse_threshold(text), "before"); };
  EXPECT_JUDGED(judge("capacity >= 200/s"), "held", "200/s");
  EXPECT_JUDGED(judge("capacity > 200/s"), "failed", "200/s");
  EXPECT_THAT(judge("capacity > 200/s").detail, HasSubstr("p99 < 50ms was missed"));
  input.slo = {*spec::parse_threshold("p99 < 500ms")};
  const Metrics patient(input);
  const auto without_end = patient.evaluate(*spec::parse_threshold("capacity > 500/s"), "before");
  // Of the last second's operations those that ended after the phase are not counted in it: it offered less.
  EXPECT_JUDGED(without_end, "inconclusive", ">=360/s");
  EXPECT_EQ(patient.evaluate(*spec::parse_threshold("capacity > 300/s"), "before").judgement, Judgement::held);
}

TEST(Metrics, ConfidenceAsksForASampleThatIsLargeEnough) {
  std::vector<Operation> operations;
  for (std::int64_t i = 0; i < 100; ++i)
    operations.push_back(operation("read", "k", "v", {i * 10, i * 10 + 5}, i == 50 ? Outcome::fail : Outcome::ok));
  MetricsInput input{operations, {{"before", {0, 1'000 * ms}}}, {}, std::nullopt, std::chrono::seconds(1)};
  input.confident = true;
  const Metrics metrics(input);
  const auto judge = [&](const char* text) {
    return metrics.evaluate(*spec::parse_threshold(text), "before").judgement;
  };
  EXPECT_EQ(judge("errors < 2%"), Judgement::inconclusive) << "1 of 100 may well be 5 in 100";
  EXPECT_EQ(judge("errors < 10%"), Judgement::held);
  EXPECT_EQ(judge("p50 < 50ms"), Judgement::held);
  EXPECT_EQ(judge("p99 < 50ms"), Judgement::inconclusive) << "100 values say nothing of an upper end";
  EXPECT_EQ(judge("p50 < 1ms"), Judgement::failed);
  EXPECT_THAT(metrics.judge(*spec::parse_threshold("errors < 10%"), "before").detail, HasSubstr("95%: "));
}

}  // namespace
}  // namespace withstand::check
