#include "spec/threshold.hpp"

#include "spec/metrics.hpp"

namespace withstand::spec {
namespace {

using namespace std::chrono_literals;

TEST(Threshold, ReadsEveryMetricFamily) {
  const auto p99 = parse_threshold("p99 < 250ms");
  ASSERT_TRUE(p99.ok());
  EXPECT_EQ(p99->metric, "p99");
  EXPECT_EQ(p99->comparison, Comparison::less);
  EXPECT_EQ(std::get<Duration>(p99->value), 250ms);
  EXPECT_EQ(std::get<Ratio>(parse_threshold("errors == 0%")->value).ppb, 0);
  EXPECT_EQ(std::get<Rate>(parse_threshold("throughput >= 350/s")->value).millihertz, 350'000);
  EXPECT_EQ(std::get<std::int64_t>(parse_threshold("operations > 100")->value), 100);
  EXPECT_EQ(parse_threshold("p99.9 <= 1s")->metric, "p99.9");
  EXPECT_EQ(parse_threshold("probe.ping-2 != 3%")->metric, "probe.ping-2");
}

TEST(Threshold, NormalisesSpacesAndFilters) {
  EXPECT_EQ(parse_threshold("  errors==0%")->text, "errors == 0%");
  EXPECT_EQ(parse_threshold("p99 { op = read , node=n1 }<20ms ")->text, "p99{node=n1,op=read} < 20ms");
  const auto filtered = parse_threshold("p99{op=read} < 20ms");
  EXPECT_EQ(filtered->filters.at("op"), "read");
}

struct WrongThreshold {
  const char* text;
  const char* message;
  int offset;
  int length;
};

TEST(Threshold, SaysWhatIsWrongAndWhere) {
  for (const WrongThreshold& wrong : {
           WrongThreshold{"", "a metric is missing", 0, 1},
           WrongThreshold{"erors < 1%", "unknown metric 'erors'", 0, 5},
           WrongThreshold{"errors", "a comparison is missing after 'errors'", 6, 1},
           WrongThreshold{"errors = 1%", "unknown comparison '='", 7, 1},
           WrongThreshold{"errors =< 1%", "unknown comparison '=<'", 7, 2},
           WrongThreshold{"errors <", "a value is missing after '<'", 8, 1},
           WrongThreshold{"errors < 5", "'5' has no unit", 9, 1},
           WrongThreshold{"errors < 5ms", "'5ms' is a duration, but a ratio belongs here", 9, 3},
           WrongThreshold{"errors < 150%", "'150%' is more than 100%", 9, 4},
           WrongThreshold{"operations > 5s", "'5s' is not a count", 13, 2},
           WrongThreshold{"p99 < 5ms for 3s", "'for 3s' does not belong here", 10, 6},
           WrongThreshold{"p99{op=read < 5ms", "'}' is missing", 12, 1},
           WrongThreshold{"p99{op} < 5ms", "'=' is missing after 'op'", 6, 1},
           WrongThreshold{"p99{op=} < 5ms", "'op=' names nothing", 7, 1},
           WrongThreshold{"p99{kind=a} < 5ms", "'p99' cannot be filtered by 'kind'", 4, 4},
           WrongThreshold{"p99{op=a,op=b} < 5ms", "'op' stands twice", 9, 2},
           WrongThreshold{"lag{op=a} < 5ms", "'lag' cannot be filtered by 'op'", 4, 2},
           WrongThreshold{"p100 < 5ms", "unknown metric 'p100'", 0, 4},
           WrongThreshold{"p0 < 5ms", "unknown metric 'p0'", 0, 2},
           WrongThreshold{"pNN < 5ms", "unknown metric 'pNN'", 0, 3},
           WrongThreshold{"probe. < 5%", "unknown metric 'probe.'", 0, 6},
       }) {
    const auto result = parse_threshold(wrong.text);
    ASSERT_FALSE(result.ok()) << wrong.text;
    EXPECT_EQ(result.error().message, wrong.message) << wrong.text;
    EXPECT_EQ(result.error().offset, wrong.offset) << wrong.text;
    EXPECT_EQ(result.error().length, wrong.length) << wrong.text;
  }
}

TEST(Threshold, ALimitMayBeRelativeToAnEarlierPhase) {
  const auto three = parse_threshold("p99{op=read}<3*before");
  ASSERT_TRUE(three.ok());
  EXPECT_EQ(three->relative_to, "before");
  EXPECT_EQ(three->factor, 3);
  EXPECT_EQ(three->text, "p99{op=read} < 3 * before");
  EXPECT_TRUE(std::holds_alternative<Duration>(three->value));
  const auto same = parse_threshold("throughput >= before");
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->factor, 1);
  EXPECT_EQ(same->text, "throughput >= before");
  EXPECT_TRUE(std::holds_alternative<Rate>(same->value));
  EXPECT_EQ(parse_threshold("capacity > 0.8 * during")->factor, 0.8);
  for (const char* wrong : {"p99 < 3 * after", "p99 < 3before", "p99 < * before", "p99 < 0 * before", "p99 < 3 *"})
    EXPECT_FALSE(parse_threshold(wrong).ok()) << wrong;
  EXPECT_FALSE(parse_stop_condition("p99 > 3 * before for 5s").ok());
}

TEST(StopCondition, NeedsATime) {
  const auto stop = parse_stop_condition("probe.ping < 10% for 30s");
  ASSERT_TRUE(stop.ok());
  EXPECT_EQ(stop->when.text, "probe.ping < 10%");
  EXPECT_EQ(stop->lasting, 30s);
  EXPECT_EQ(parse_stop_condition("probe.ping < 10%").error().message,
            "a stop condition says for how long it must hold");
  EXPECT_EQ(parse_stop_condition("probe.ping < 10% for 30").error().message, "'30' has no unit");
  EXPECT_EQ(parse_stop_condition("probe.ping < 10% for 0s").error().message, "the time must be above 0s");
  EXPECT_EQ(parse_stop_condition("probe.ping < 10% for 3s x").error().message, "'x' does not belong here");
}

TEST(Satisfies, ComparesLikeWithLike) {
  const auto at = [](const char* text, auto value) { return satisfies(*parse_threshold(text), value); };
  EXPECT_TRUE(at("p99 < 20ms", Duration(19ms)));
  EXPECT_FALSE(at("p99 < 20ms", Duration(20ms)));
  EXPECT_TRUE(at("p99 <= 20ms", Duration(20ms)));
  EXPECT_TRUE(at("errors == 0%", Ratio{0}));
  EXPECT_TRUE(at("errors != 0%", Ratio{1}));
  EXPECT_TRUE(at("throughput > 5/s", Rate{5001}));
  EXPECT_TRUE(at("operations >= 5", std::int64_t{5}));
  EXPECT_FALSE(at("operations >= 5", Ratio{5}));
}

TEST(Metrics, PercentilesAreOpenIntervals) {
  EXPECT_EQ(percentile_of("p99.9"), 99.9);
  EXPECT_EQ(percentile_of("p50"), 50.0);
  for (const char* none : {"p", "p0", "p100", "p9.", "p99.99999", "px", "p-1", "q50"})
    EXPECT_FALSE(percentile_of(none)) << none;
}

}  // namespace
}  // namespace withstand::spec
