#include "load/plan.hpp"

#include <cmath>
#include <set>

#include "load/values.hpp"
#include "support.hpp"

namespace withstand::load {
namespace {

using namespace testing;

std::vector<Planned> first(Config config, std::size_t count) {
  Plan plan(config);
  std::vector<Planned> out;
  for (; out.size() < count; plan.advance()) out.push_back(plan.next());
  return out;
}

TEST(Plan, TheSeedDecidesEverything) {
  auto config = register_config("");
  const auto one = first(config, 1'000), again = first(config, 1'000);
  config.seed = 8;
  const auto other = first(config, 1'000);
  int different = 0;
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(one[i].key, again[i].key);
    EXPECT_EQ(one[i].kind, again[i].kind);
    EXPECT_EQ(one[i].value, again[i].value);
    EXPECT_EQ(one[i].offset, again[i].offset);
    different += one[i].key != other[i].key || one[i].kind != other[i].kind ? 1 : 0;
  }
  EXPECT_GT(different, 800);
}

TEST(Plan, AConstantRateIsExactForAsLongAsAnybodyRuns) {
  auto config = register_config("");
  config.rate_millihertz = 333'333;
  Plan plan(config);
  EXPECT_EQ(plan.next().offset.count(), 0);
  plan.advance();
  EXPECT_EQ(plan.next().offset.count(), 3'000'003);
  config.rate_millihertz = 10'000'000;
  config.client_index = 99'999'999;  // only to look far ahead
  config.clients = 100'000'000;
  EXPECT_EQ(Plan(config).next().offset.count(), 9'999'999'900'000);
}

TEST(Plan, ClientsShareOnePlanAndNothingTwice) {
  auto config = register_config("");
  config.clients = 3;
  std::set<std::uint64_t> ids;
  std::set<std::string> values;
  for (config.client_index = 0; config.client_index < 3; ++config.client_index) {
    for (const auto& planned : first(config, 500)) {
      EXPECT_TRUE(ids.insert(planned.id).second);
      EXPECT_EQ(planned.offset.count(), static_cast<std::int64_t>(planned.id) * 10'000'000);
      EXPECT_TRUE(planned.value.empty() || values.insert(planned.value).second);
    }
  }
  EXPECT_EQ(*ids.rbegin(), 1'499U);
}

// 20 000 draws at 30 %: the mean is within five standard deviations (65 each) but for a chance of 6e-7.
TEST(Plan, TheMixIsKept) {
  auto config = register_config("");
  config.mix = {{"read", 70}, {"write", 30}};
  int writes = 0;
  for (const auto& planned : first(config, 20'000)) writes += planned.kind == Request::Kind::write ? 1 : 0;
  EXPECT_NEAR(writes, 6'000, 325);
}

// The sum of 20 000 exponential gaps of 10 ms has a standard deviation of 10 ms * sqrt(20 000) = 1.4 s.
TEST(Plan, PoissonArrivalsHaveTheRateAndExponentialGaps) {
  auto config = register_config("");
  config.arrival = "poisson";
  const auto planned = first(config, 20'001);
  EXPECT_NEAR(std::chrono::duration<double>(planned.back().offset).count(), 200.0, 7.1);
  int longer = 0;
  for (std::size_t i = 1; i < planned.size(); ++i) {
    EXPECT_GE(planned[i].offset, planned[i - 1].offset);
    longer += planned[i].offset - planned[i - 1].offset > milliseconds(10) ? 1 : 0;
  }
  EXPECT_NEAR(longer, 20'000 * std::exp(-1), 5 * std::sqrt(20'000 * std::exp(-1) * (1 - std::exp(-1))));
}

TEST(Values, AreNamedWholeOrShownAsDamaged) {
  EXPECT_EQ(fill_value("c1-7", 0), "c1-7");
  EXPECT_EQ(fill_value("c1-7", 16), "c1-7.c1-7.c1-7.c");
  EXPECT_EQ(name_of_value(fill_value("c1-7", 16), 16), "c1-7");
  EXPECT_EQ(name_of_value("c1-7.c1-7.c1-7", 16), "c1-7.c1-7.c1-7") << "cut short";
  auto flipped = fill_value("c1-7", 5'000);
  EXPECT_EQ(name_of_value(flipped, 5'000), "c1-7");
  flipped[4'321] = 'x';
  const auto shown = name_of_value(flipped, 5'000);
  EXPECT_LT(shown.size(), 100U);
  EXPECT_NE(shown, "c1-7");
  flipped[4'321] = 'y';
  EXPECT_NE(name_of_value(flipped, 5'000), shown);
}

}  // namespace
}  // namespace withstand::load
