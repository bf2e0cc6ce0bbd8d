#include "report/prometheus.hpp"

#include <regex>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "samples.hpp"

namespace withstand::report {
namespace {

/// Holds a text against the exposition format 0.0.4: HELP, TYPE, then the metric's samples together, none twice.
void expect_format(const std::string& text) {
  static const std::regex sample(
      R"re(([a-z_]+)(\{[a-z_]+="(\\.|[^"\\])*"(,[a-z_]+="(\\.|[^"\\])*")*\})? (-?[0-9.]+))re");
  std::istringstream in(text);
  std::string current;
  std::set<std::string> metrics, series;
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    std::string hash, keyword, name;
    words >> hash >> keyword >> name;
    if (hash == "#") {
      if (keyword == "HELP") {
        EXPECT_TRUE(metrics.insert(name).second) << name << " comes twice";
        current = name;
      }
      EXPECT_EQ(name, current);
      continue;
    }
    std::smatch match;
    ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
    EXPECT_EQ(match[1], current);
    EXPECT_TRUE(series.insert(line.substr(0, line.rfind(' '))).second) << line;
  }
}

TEST(Prometheus, KeepsToTheExpositionFormat) {
  std::vector<record::RunRecord> runs;
  for (const auto& sample : samples::all()) {
    runs.push_back(samples::run_of(sample));
    expect_format(prometheus_report({runs.back()}));
  }
  expect_format(prometheus_report(runs));
  expect_format(prometheus_report({}));
}

TEST(Prometheus, CountsEveryRunAndShowsTheLastOfEachExperiment) {
  const std::string text =
      prometheus_report({samples::run_of("withstood"), samples::run_of("failed"), samples::run_of("aborted")});
  EXPECT_NE(text.find("withstand_runs_total{verdict=\"withstood\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("withstand_runs_total{verdict=\"failed\"} 1\n"), std::string::npos);
  EXPECT_NE(text.find("withstand_run_verdict{experiment=\"process.kv-kill-one\",verdict=\"failed\"} 1\n"),
            std::string::npos);
  EXPECT_NE(text.find("withstand_run_verdict{experiment=\"network.kv-partition\",verdict=\"aborted\"} 1\n"),
            std::string::npos);
}

TEST(Prometheus, AFaultInjectedSeveralTimesTookEffectOnlyIfEachTimeDid) {
  record::RunRecord run = samples::run_of("withstood");
  run.injections.push_back(run.injections.front());
  run.injections.back().took_effect = false;
  const std::string text = prometheus_report({run});
  EXPECT_NE(text.find("fault=\"slow\",kind=\"network.latency\"} 0\n"), std::string::npos);
  EXPECT_NE(text.find("fault=\"kill\",kind=\"process.kill\"} 1\n"), std::string::npos);
}

}  // namespace
}  // namespace withstand::report
