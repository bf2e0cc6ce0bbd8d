#include "simulation.hpp"

#include <gtest/gtest.h>

namespace quorum_kv::testing {
namespace {

#ifdef WITHSTAND_SANITIZED
constexpr std::uint64_t schedules = 600;
#else
constexpr std::uint64_t schedules = 4000;
#endif

TEST(Linearizable, AcceptsAWriteThatMayHaveHappened) {
  EXPECT_TRUE(linearizable({{true, "a", 1, never, ""}, {false, "a", 5, 6, ""}, {false, "a", 7, 8, ""}}));
  EXPECT_TRUE(linearizable({{true, "a", 1, never, ""}, {false, "", 5, 6, ""}, {false, "a", 7, 8, ""}}));
}

TEST(Linearizable, RefusesAStaleReadAndAValueThatGoesBack) {
  EXPECT_FALSE(linearizable({{true, "a", 1, 2, ""}, {false, "", 3, 4, ""}}));
  EXPECT_FALSE(linearizable({{true, "a", 1, never, ""}, {false, "a", 5, 6, ""}, {false, "", 7, 8, ""}}));
  EXPECT_FALSE(linearizable({{true, "a", 1, 2, ""}, {true, "b", 3, 4, ""}, {false, "a", 5, 6, ""}}));
}

TEST(Simulation, SameSeedSameHistory) {
  Plan plan;
  plan.seed = 7;
  EXPECT_EQ(describe(simulate(plan).history), describe(simulate(plan).history));
}

TEST(Simulation, WithoutBugsEveryHistoryIsLinearizable) {
  int acknowledged = 0, failed = 0, unknown = 0, crashes = 0, lost = 0;
  for (std::uint64_t seed = 1; seed <= schedules; ++seed) {
    Plan plan;
    plan.seed = seed;
    plan.members = seed % 4 == 0 ? 5 : 3;
    const Summary summary = simulate(plan);
    ASSERT_TRUE(linearizable(summary.history)) << "seed " << seed << "\n" << describe(summary.history);
    acknowledged += summary.acknowledged;
    failed += summary.failed;
    unknown += summary.unknown;
    crashes += summary.crashes;
    lost += summary.lost;
  }
  // The schedules must have been hard, and yet not so hard that nothing worked.
  const auto runs = static_cast<int>(schedules);
  EXPECT_GT(acknowledged, 15 * runs);
  EXPECT_GT(failed, runs / 100);
  EXPECT_GT(unknown, runs / 100);
  EXPECT_GT(crashes, runs / 2);
  EXPECT_GT(lost, 5 * runs);
}

class PlantedBug : public ::testing::TestWithParam<const char*> {};

TEST_P(PlantedBug, IsSeenAsAViolation) {
  for (std::uint64_t seed = 1; seed <= 20'000; ++seed) {
    Plan plan;
    plan.seed = seed;
    ASSERT_TRUE(plant(plan.bugs, GetParam()));
    if (!linearizable(simulate(plan).history)) {
      RecordProperty("first_violating_seed", static_cast<int>(seed));
      return;
    }
  }
  FAIL() << GetParam() << " was never seen";
}

INSTANTIATE_TEST_SUITE_P(OfSafety, PlantedBug,
                         ::testing::Values("read-one", "no-write-back", "ack-before-quorum", "minority-writes",
                                           "wall-clock-versions", "bare-tags", "volatile-boot", "forget-on-restart"),
                         [](const auto& tested) {
                           std::string name = tested.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace quorum_kv::testing
