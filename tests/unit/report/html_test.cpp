#include "report/html.hpp"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "golden.hpp"
#include "report/files.hpp"
#include "report/html/assets.hpp"
#include "report/html/data.hpp"
#include "report/html/markup.hpp"
#include "report/html/page.hpp"
#include "samples.hpp"

namespace withstand::report {
namespace {

namespace fs = std::filesystem;

class HtmlGolden : public ::testing::TestWithParam<std::string> {
 protected:
  record::RunRecord run_ = samples::run_of(GetParam());
  html::LoadSeries series_ = html::load_series(run_);
};

TEST_P(HtmlGolden, Data) {
  expect_golden("html-data/" + GetParam() + ".json", html::chart_data(run_, series_, 1) + "\n");
}
TEST_P(HtmlGolden, Body) { expect_golden("html/" + GetParam() + ".html", html::body_of(run_, series_, "")); }

INSTANTIATE_TEST_SUITE_P(Samples, HtmlGolden, ::testing::ValuesIn(samples::names()), test_name);

TEST(Html, NothingThatARunSaysIsMarkup) {
  const std::string page = html_report(samples::attacking());
  EXPECT_EQ(page.find("<script>taken"), std::string::npos);
  EXPECT_EQ(page.find("<img"), std::string::npos);
  EXPECT_NE(page.find("&lt;script&gt;taken=1&lt;/script&gt;"), std::string::npos);
  std::size_t scripts = 0;
  for (std::size_t at = 0; (at = page.find("</script", at)) != std::string::npos; ++at) ++scripts;
  EXPECT_EQ(scripts, 4U) << "data, licence, charts, page";
  EXPECT_EQ(page.find('\x1b'), std::string::npos);
  EXPECT_EQ(page.find("\u202e"), std::string::npos) << "text that runs backwards";
}

TEST(Html, LoadsNothing) {
  for (const auto& sample : samples::all()) {
    if (sample.name == "hostile") continue;  // its texts hold what looks like it
    const auto run = samples::run_of(sample);
    const std::string body = html::body_of(run, html::load_series(run), "");
    for (const char* what : {"src=", "url(", "<link", "@import", "style=", "javascript:", "onclick"}) {
      EXPECT_EQ(body.find(what), std::string::npos) << sample.name << ": " << what;
    }
  }
}

TEST(Html, TextAndLinksAreEscaped) {
  EXPECT_EQ(html::text("a<b>&\"'\n\x1b"), "a&lt;b&gt;&amp;&quot;&#39;\\n\\x1b");
  EXPECT_EQ(html::relative_link("nodes/n 1/a?b#c%.log"), "nodes/n%201/a%3Fb%23c%25.log");
  EXPECT_EQ(html::relative_link("javascript:alert(1)"), "javascript%3Aalert%281%29");
  EXPECT_EQ(html::relative_link("//host/x"), "/.//host/x");
}

TEST(Html, BytesInHexAsBase64) {
  EXPECT_EQ(html::base64_of_hex(""), "");
  EXPECT_EQ(html::base64_of_hex("66"), "Zg==");
  EXPECT_EQ(html::base64_of_hex("666F"), "Zm8=");
  EXPECT_EQ(html::base64_of_hex("666f6f"), "Zm9v");
  EXPECT_EQ(html::base64_of_hex("666f6f62"), "Zm9vYg==");
}

std::string output_of(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> out(::popen(command.c_str(), "r"), &::pclose);
  std::string text;
  for (int c = 0; (c = std::fgetc(out.get())) != EOF;) text.push_back(static_cast<char>(c));
  return text;
}

TEST(Html, ItsPolicyNamesWhatIsBuiltIn) {
  const std::string page = html_report(samples::run_of("withstood"));
  const fs::path file = fs::temp_directory_path() / fmt::format("withstand-asset-{}", ::getpid());
  for (const auto* asset : {&html::page_style(), &html::page_script(), &html::chart_style(), &html::chart_script()}) {
    write_file(file, std::string(asset->text));
    const std::string digest = output_of("sha256sum " + file.string()).substr(0, 64);
    EXPECT_EQ(asset->source, "'sha256-" + html::base64_of_hex(digest) + "'");
    EXPECT_NE(page.find(asset->source), std::string::npos);
  }
  fs::remove(file);
}

TEST(Html, WhatOthersWroteIsAsTheyPublishedIt) {
  EXPECT_EQ(
      output_of(fmt::format("cd '{}/harness/report/vendor' && for sums in */SHA256SUMS; do (cd \"${{sums%/*}}\" && "
                            "sha256sum --quiet -c SHA256SUMS 2>&1); done",
                            WITHSTAND_SOURCE_DIR)),
      "");
}

TEST(Html, StaysSmallWhateverARunRecorded) {
  record::RunRecord run = samples::run_of("load");
  const std::string endless(100'000, 'x');
  for (std::int64_t i = 0; i < 50'000; ++i) {
    run.seconds.push_back({"", i, 100, 1, 0, 0, 0, 1'000'000, 2'000'000, 3'000'000});
    run.probes.emplace_back(i * 1'000'000'000,
                            record::ProbeSample{"up", fmt::format("n{}", i % 90), i % 2 == 0, i, "no"});
    if (i < 5'000)
      run.node_events.emplace_back(i * 1'000'000, record::NodeEvent{"n1", "exited", endless.substr(0, 200), i});
    if (i < 5'000) run.injections.push_back(run.injections.front());
  }
  run.phases.back().to = 50'000 * std::int64_t{1'000'000'000};
  for (auto& phase : run.phases) phase.to = phase.phase == "after" ? run.phases.back().to : phase.to;
  run.ended = run.phases.back().to;
  const std::string page = html_report(run);
  EXPECT_LT(page.size(), 3'000'000U);
  EXPECT_NE(page.find("more injections"), std::string::npos);
  EXPECT_NE(page.find("more rows"), std::string::npos);
  EXPECT_NE(page.find("the worst second is shown"), std::string::npos);
}

class HtmlFolder : public ::testing::Test {
 protected:
  void SetUp() override { run_.directory = folder_; }
  void TearDown() override { fs::remove_all(folder_); }
  [[nodiscard]] std::string body(const std::string& from = "") const {
    return html::body_of(run_, html::load_series(run_), from);
  }
  fs::path folder_ = fs::temp_directory_path() / fmt::format("withstand-html-folder-{}", ::getpid());
  record::RunRecord run_ = samples::run_of("load");
};

TEST_F(HtmlFolder, ShowsLogLinesAroundWhatHappenedAndSaysWhatIsGone) {
  write_file(folder_ / "nodes/n2/stdout.log",
             "    2.000000 long before\n   14.800000 about to <fall>\nwithout a time\n   15.000100 fallen\n   "
             "17.000000 too late\n");
  write_file(folder_ / "nodes/n1/stderr.log", "    8.100000 peer n2 is gone\n");
  const std::string page = body();
  EXPECT_NE(page.find("during+8.600s</span> │ about to &lt;fall&gt;\n"), std::string::npos) << page;
  EXPECT_NE(page.find("│ without a time\n"), std::string::npos);
  EXPECT_NE(page.find("│ fallen\n"), std::string::npos);
  EXPECT_EQ(page.find("long before"), std::string::npos);
  EXPECT_EQ(page.find("too late"), std::string::npos);
  EXPECT_NE(page.find("peer n2 is gone"), std::string::npos) << "a link's ends are looked at, too";
  EXPECT_NE(page.find("Gone: <code>nodes/n1/stdout.log</code>"), std::string::npos);
  fs::remove_all(folder_ / "nodes");
  EXPECT_NE(body().find("The folder <code>nodes</code> with the logs of this run is gone."), std::string::npos);
}

TEST_F(HtmlFolder, LinksToFilesFromWhereverTheReportLies) {
  write_file(folder_ / "journal.jsonl", "x");
  write_file(folder_ / "nodes/n 1/stdout.log", "x");
  write_file(folder_ / "report.html", "x");
  EXPECT_NE(body().find("<a href=\"./journal.jsonl\">journal.jsonl</a>"), std::string::npos);
  EXPECT_NE(body().find("<a href=\"./nodes/n%201/stdout.log\">"), std::string::npos);
  EXPECT_EQ(body().find("\"./report.html\""), std::string::npos) << "a report does not list itself";
  const std::string name = folder_.filename();
  EXPECT_NE(body(folder_.parent_path()).find("<a href=\"./" + name + "/journal.jsonl\">"), std::string::npos);
  EXPECT_NE(body(folder_ / "nodes").find("<a href=\"./../journal.jsonl\">"), std::string::npos);
}

TEST_F(HtmlFolder, AnIndexLeadsToEachReportAndShowsTheWorstFirst) {
  write_file(folder_ / "report.html", "x");
  const auto good = samples::run_of("withstood");
  const std::string page = html_index({good, run_}, 1, folder_.parent_path());
  EXPECT_NE(page.find("1 of 2 runs as they should be, 1 failed. Exit code 1: "), std::string::npos) << page;
  EXPECT_NE(page.find("<a href=\"./" + folder_.filename().string() + "/report.html\">"), std::string::npos);
  EXPECT_LT(page.find("A store of three"), page.find("A register keeps")) << "what failed comes first";
}

}  // namespace
}  // namespace withstand::report
