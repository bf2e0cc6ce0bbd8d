#include "report/junit.hpp"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <unistd.h>

#include <gtest/gtest.h>

#include "report/cases.hpp"
#include "report/files.hpp"
#include "report/xml.hpp"
#include "samples.hpp"

namespace withstand::report {
namespace {

/// Runs a command and returns what it says and its status.
std::pair<std::string, int> run_command(const std::string& command) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(::popen((command + " 2>&1").c_str(), "r"),
                                                             [](std::FILE*) { return 0; });
  std::string said;
  for (int c = 0; (c = std::fgetc(pipe.get())) != EOF;) said += static_cast<char>(c);
  return {said, ::pclose(pipe.get())};
}

class Junit : public ::testing::Test {
 protected:
  std::string folder_ = std::filesystem::temp_directory_path() / ("withstand-junit-" + std::to_string(::getpid()));
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// What xmllint has against it; empty when nothing.
  std::string complaint(const std::string& xml, const std::string& arguments) const {
    write_file(folder_ + "/report.xml", xml);
    const auto [said, status] = run_command("xmllint --noout " + arguments + " " + folder_ + "/report.xml");
    return status == 0 ? "" : said;
  }
  static bool has_xmllint() { return run_command("xmllint --version").second == 0; }
};

const std::string strict_rules = "--relaxng " WITHSTAND_SOURCE_DIR "/tests/golden/report/junit-strict.rng";

std::vector<record::RunRecord> every_sample() {
  std::vector<record::RunRecord> runs;
  for (const auto& sample : samples::all()) runs.push_back(samples::run_of(sample));
  return runs;
}

TEST_F(Junit, EveryReportIsWellFormed) {
  if (!has_xmllint()) GTEST_SKIP() << "xmllint is missing (package libxml2-utils)";
  for (const auto& run : every_sample()) EXPECT_EQ(complaint(junit_report({run}), ""), "") << run.directory;
  EXPECT_EQ(complaint(junit_report(every_sample()), ""), "");
}

TEST_F(Junit, StrictReportsKeepToTheRulesOfTheXunitPlugin) {
  if (!has_xmllint()) GTEST_SKIP() << "xmllint is missing (package libxml2-utils)";
  for (const auto& run : every_sample()) EXPECT_EQ(complaint(junit_report({run}, {true}), strict_rules), "");
  EXPECT_EQ(complaint(junit_report(every_sample(), {true}), strict_rules), "");
  EXPECT_EQ(complaint(junit_report({}, {true}), strict_rules), "");
  EXPECT_NE(complaint(junit_report(every_sample()), strict_rules), "");  // file and line: the rules do tell
}

TEST_F(Junit, CarriesTheEndOfEveryLogOfARunThatIsNotAsItShouldBe) {
  record::RunRecord run = samples::run_of("failed");
  run.directory = folder_;
  run.start.nodes = {"n1", "../n1", "n2"};
  std::string log;
  for (int i = 0; i < 5000; ++i) log += "   12.345678 line " + std::to_string(i) + " <&]]>\xff\n";
  write_file(folder_ + "/nodes/n1/stdout.log", log);
  write_file(folder_ + "/nodes/n2/stderr.log", "   1.000000 last words, no newline");
  const std::string xml = junit_report({run}, {true, 1000});
  EXPECT_NE(xml.find("--- n1 stdout.log\n   12.345678 line 49"), std::string::npos);
  EXPECT_NE(xml.find("line 4999 &lt;&amp;]]&gt;\xEF\xBF\xBD\n--- n2 stderr.log\n   1.000000 last words, no newline\n<"),
            std::string::npos);
  EXPECT_EQ(xml.find("line 4900 "), std::string::npos);
  EXPECT_EQ(xml.find("../n1"), std::string::npos);
  if (has_xmllint()) {
    EXPECT_EQ(complaint(xml, strict_rules), "");
  }

  record::RunRecord good = samples::run_of("withstood");
  good.directory = folder_;
  EXPECT_EQ(junit_report({good}).find("last words"), std::string::npos);
}

TEST_F(Junit, OnlyFailedCasesHaveAnAttachment) {
  EXPECT_EQ(junit_report({samples::run_of("withstood")}).find("ATTACHMENT"), std::string::npos);
  EXPECT_EQ(junit_report({samples::run_of("failed-as-expected")}).find("ATTACHMENT"), std::string::npos);
  EXPECT_NE(junit_report({samples::run_of("error")}).find("[[ATTACHMENT|runs/error/report.md]]"), std::string::npos);
  record::RunRecord run = samples::run_of("failed");
  run.directory = "odd]]name";
  EXPECT_EQ(junit_report({run}).find("ATTACHMENT"), std::string::npos);
}

TEST(Cases, ARunIsGreenExactlyWhenItsExitCodeIsZeroOrItWasSkipped) {
  for (const auto& run : every_sample()) {
    bool green = true;
    for (const Case& one : cases_of(run)) {
      green &= one.result == Case::Result::passed || one.result == Case::Result::skipped;
    }
    EXPECT_EQ(green, run.end.exit_code == 0 || run.end.exit_code == 77) << run.directory;
  }
}

TEST(Cases, WhatMustFailAndHoldsIsAFailure) {
  record::RunRecord run = samples::run_of("withstood");
  run.start.expected_verdict = "failed";
  run.start.expected_fails = {"linearizable"};
  run.end.as_expected = false;
  std::vector<std::string> failures;
  for (const Case& one : cases_of(run)) {
    if (one.result == Case::Result::failure) failures.push_back(one.name + ": " + one.message);
  }
  EXPECT_EQ(failures,
            (std::vector<std::string>{"check: linearizable: held, but its file expects it to fail",
                                      "verdict: withstood, but its file expects failed: every expectation held, and "
                                      "every injection took effect"}));
}

TEST(Cases, NamesAreUnique) {
  record::RunRecord run = samples::run_of("withstood");
  run.injections.push_back(run.injections.front());
  std::vector<std::string> names;
  for (const Case& one : cases_of(run)) names.push_back(one.name);
  EXPECT_NE(std::find(names.begin(), names.end(), "fault: slow#2"), names.end());
}

TEST(Xml, EscapesAndFilters) {
  EXPECT_EQ(xml_text("a<b>&\"]]>\r\n\t"), "a&lt;b&gt;&amp;\"]]&gt;&#13;\n\t");
  EXPECT_EQ(xml_attribute("a\"b\n\t"), "a&quot;b&#10;&#9;");
  EXPECT_EQ(xml_text(std::string("\0\x1b\x0b\xef\xbf\xbf\xff", 7)), "\\x00\\x1b\\x0b\\xffff\xEF\xBF\xBD");
  EXPECT_EQ(xml_attributes({{"a", "1"}, {"b", "<"}}), " a=\"1\" b=\"&lt;\"");
}

}  // namespace
}  // namespace withstand::report
