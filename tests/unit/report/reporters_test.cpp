#include <gtest/gtest.h>

#include "golden.hpp"
#include "report/github.hpp"
#include "report/json.hpp"
#include "report/junit.hpp"
#include "report/markdown.hpp"
#include "report/prometheus.hpp"
#include "samples.hpp"

/// One approved file for each reporter and each made-up run.
namespace withstand::report {
namespace {

class Reporters : public ::testing::TestWithParam<std::string> {
 protected:
  record::RunRecord run_ = samples::run_of(GetParam());
  void expect(const std::string& folder, const std::string& extension, const std::string& actual) const {
    expect_golden(folder + "/" + GetParam() + extension, actual);
  }
};

TEST_P(Reporters, Journal) { expect("journal", ".jsonl", samples::journal(samples::named(GetParam()))); }
TEST_P(Reporters, Json) { expect("json", ".json", json_report({run_}, run_.end.exit_code)); }
TEST_P(Reporters, Junit) { expect("junit", ".xml", junit_report({run_})); }
TEST_P(Reporters, JunitStrict) { expect("junit-strict", ".xml", junit_report({run_}, {true, 1024})); }
TEST_P(Reporters, Markdown) { expect("markdown", ".md", markdown_report({run_})); }
TEST_P(Reporters, Prometheus) { expect("prometheus", ".prom", prometheus_report({run_})); }
TEST_P(Reporters, Github) {
  expect("github", ".txt", github_annotations({run_}, {true, "/home/me/project", "", "/home/me/project"}));
}

INSTANTIATE_TEST_SUITE_P(Samples, Reporters, ::testing::ValuesIn(samples::names()), test_name);

}  // namespace
}  // namespace withstand::report
