#include "report/github.hpp"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include <gtest/gtest.h>

#include "report/markdown.hpp"
#include "samples.hpp"

namespace withstand::report {
namespace {

const GithubContext here{true, "/work/project", "", "/work/project/sub"};

std::vector<std::string> lines_of(const std::string& text, const std::string& level) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    if (text.compare(at, level.size() + 3, "::" + level + " ") == 0) out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

TEST(Github, EscapesAsTheRunnerDecodes) {
  EXPECT_EQ(github_data("100%: a,b\r\nc"), "100%25: a,b%0D%0Ac");
  EXPECT_EQ(github_property("100%: a,b\r\nc"), "100%25%3A a%2Cb%0D%0Ac");
}

TEST(Github, OnlyWhereGithubRuns) {
  const auto context = [](const std::string& value) {
    return github_context(
        [value](const std::string& name) { return name == "GITHUB_ACTIONS" ? std::optional(value) : std::nullopt; },
        "/");
  };
  EXPECT_TRUE(context("true").active);
  EXPECT_FALSE(context("false").active);
  EXPECT_FALSE(github_context(nullptr, "/").active);
  EXPECT_EQ(github_annotations({samples::run_of("failed")}, context("")), "");
  EXPECT_EQ(without_commands("text\n", "t0ken", context("")), "text\n");
  EXPECT_EQ(without_commands("text\n", "t0ken", here), "::stop-commands::t0ken\ntext\n::t0ken::\n");
}

TEST(Github, PathsAreRelativeToTheWorkspace) {
  const auto file_of = [](const std::string& file) {
    record::RunRecord run = samples::run_of("failed");
    run.start.file = file;
    const std::string text = github_annotations({run}, here);
    return text.substr(text.find("file=") + 5, text.find(',') - text.find("file=") - 5);
  };
  EXPECT_EQ(file_of("a.toml"), "sub/a.toml");
  EXPECT_EQ(file_of("../x/./a.toml"), "x/a.toml");
  EXPECT_EQ(file_of("/work/project/b.toml"), "b.toml");
  EXPECT_EQ(file_of("/elsewhere/b.toml"), "/elsewhere/b.toml");
}

TEST(Github, TenOfEachLevelWorstFirstAndTheTenthCountsTheRest) {
  std::vector<record::RunRecord> runs;
  for (int i = 0; i < 20; ++i) runs.push_back(samples::run_of("failed"));
  runs.push_back(samples::run_of("error"));
  for (int i = 0; i < 30; ++i) runs.push_back(samples::run_of("aborted"));
  for (int i = 0; i < 10; ++i) runs.push_back(samples::run_of("skipped"));
  const std::string text = github_annotations(runs, here);
  const auto errors = lines_of(text, "error"), warnings = lines_of(text, "warning"), notices = lines_of(text, "notice");
  ASSERT_EQ(errors.size(), 10U);
  EXPECT_NE(errors[0].find("rollback failed"), std::string::npos);
  EXPECT_NE(errors[1].find("clone3"), std::string::npos);
  EXPECT_NE(errors[2].find("linearizable"), std::string::npos);
  EXPECT_NE(errors[9].find("33 more"), std::string::npos) << errors[9];
  ASSERT_EQ(warnings.size(), 10U);
  EXPECT_NE(warnings[9].find("21 more"), std::string::npos) << warnings[9];
  EXPECT_EQ(notices.size(), 10U);
  EXPECT_EQ(notices[9].find("more"), std::string::npos);
}

TEST(Github, EveryAnnotationIsOneLine) {
  const std::string text = github_annotations({samples::run_of("hostile")}, here);
  std::size_t count = 0;
  for (const char* level : {"error", "warning", "notice"}) count += lines_of(text, level).size();
  EXPECT_EQ(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')), count);
}

TEST(Github, NothingToSayOfRunsThatAreAsTheyShouldBe) {
  EXPECT_EQ(github_annotations({samples::run_of("withstood"), samples::run_of("failed-as-expected")}, here), "");
}

TEST(Github, TheStepSummaryIsAppended) {
  const std::filesystem::path path =
      std::filesystem::temp_directory_path() / ("withstand-summary-" + std::to_string(::getpid()));
  std::ofstream(path) << "of an earlier program\n";
  GithubContext context = here;
  context.step_summary = path;
  append_step_summary({samples::run_of("failed")}, context);
  std::ifstream in(path);
  const std::string content{std::istreambuf_iterator<char>(in), {}};
  std::filesystem::remove(path);
  EXPECT_EQ(content, "of an earlier program\n" + markdown_report({samples::run_of("failed")}));
}

}  // namespace
}  // namespace withstand::report
