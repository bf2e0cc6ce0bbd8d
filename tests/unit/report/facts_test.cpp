#include "report/facts.hpp"

#include <gtest/gtest.h>

#include "samples.hpp"

namespace withstand::report {
namespace {

TEST(Facts, NamesOfExperiments) {
  EXPECT_EQ(experiment_name("experiments/network/kv-partition.toml"), "network.kv-partition");
  EXPECT_EQ(experiment_name("./experiments/deep/er/x.toml"), "deep.er.x");
  EXPECT_EQ(experiment_name("/home/me/experiments/disk/x.toml"), "disk.x");
  EXPECT_EQ(experiment_name("/home/me/chaos/mine.toml"), "chaos.mine");
  EXPECT_EQ(experiment_name("mine.toml"), "mine");
  EXPECT_EQ(experiment_name("../mine.v2.toml"), "mine.v2");
  EXPECT_EQ(experiment_name("experiments"), "experiments");
  EXPECT_EQ(experiment_name(".toml"), ".toml");
  EXPECT_EQ(experiment_name(""), "experiment");
  EXPECT_EQ(experiment_name("///"), "experiment");
}

TEST(Facts, Headlines) {
  struct {
    const char *verdict, *expected;
    bool as_expected, rollback_ok;
    const char* headline;
    Standing standing;
  } const table[] = {
      {"withstood", "withstood", true, true, "withstood", Standing::good},
      {"withstood", "", true, true, "withstood", Standing::good},
      {"failed", "withstood", false, true, "failed", Standing::bad},
      {"failed", "failed", true, true, "failed, as expected", Standing::good},
      {"failed", "failed", false, true, "failed, but not as its file expects", Standing::bad},
      {"withstood", "failed", false, true, "withstood, but its file expects failed", Standing::bad},
      {"inconclusive", "failed", false, true, "inconclusive", Standing::doubt},
      {"aborted", "withstood", false, true, "aborted", Standing::doubt},
      {"skipped", "withstood", false, true, "skipped", Standing::skipped},
      {"error", "withstood", false, true, "error", Standing::bad},
      {"withstood", "withstood", true, false, "withstood, and the rollback failed", Standing::bad},
      {"of next year", "", true, true, "of next year", Standing::bad},
  };
  for (const auto& row : table) {
    record::RunRecord run;
    run.start.expected_verdict = row.expected;
    run.end.verdict = row.verdict;
    run.end.as_expected = row.as_expected;
    run.end.rollback_ok = row.rollback_ok;
    EXPECT_EQ(headline(run), row.headline);
    EXPECT_EQ(standing(run), row.standing) << row.headline;
  }
}

TEST(Facts, TheOrdinaryLifeOfANodeIsNotNotable) {
  std::vector<std::string> told;
  for (const auto& [t, event] : notable_node_events(samples::run_of("withstood"))) told.push_back(event.what);
  EXPECT_EQ(told, (std::vector<std::string>{"exited", "restarted", "ready"}));
}

}  // namespace
}  // namespace withstand::report
