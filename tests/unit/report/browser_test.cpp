#include "browser.hpp"

#include <filesystem>
#include <fstream>
#include <unistd.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "report/files.hpp"
#include "report/html.hpp"
#include "samples.hpp"

/// Reports as a browser shows them. Skipped where there is no Chromium: it is no package that tests may ask for.
namespace withstand::report {
namespace {

namespace fs = std::filesystem;

/// How many different colours a canvas has: an empty one has one.
constexpr const char* colours = R"((() => {
  const told = [];
  for (const canvas of document.querySelectorAll('canvas')) {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    const seen = new Set();
    for (let i = 0; i < data.length; i += 4) seen.add(data[i] << 24 | data[i + 1] << 16 | data[i + 2] << 8 | data[i + 3]);
    told.push(seen.size);
  }
  return told;
})())";

class InABrowser : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (const std::string program = Browser::program(); !program.empty()) browser_ = std::make_unique<Browser>(program);
  }
  static void TearDownTestSuite() { browser_.reset(); }
  void SetUp() override {
    if (!browser_) GTEST_SKIP() << "no Chromium here: apt-get install chromium";
    browser_->prefer_dark(false);
    browser_->resize(1280, 900);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void open(const record::RunRecord& run) {
    const fs::path file = folder_ / (run.directory.substr(run.directory.rfind('/') + 1) + ".html");
    write_file(file, html_report(run));
    browser_->open(file);
  }
  /// With series of every kind.
  static record::RunRecord whole_run() { return samples::run_of("load"); }
  static void expect_quiet() {
    EXPECT_EQ(browser_->complaints(), std::vector<std::string>());
    EXPECT_EQ(browser_->requests(), std::vector<std::string>());
  }

  static std::unique_ptr<Browser> browser_;
  fs::path folder_ = fs::temp_directory_path() / fmt::format("withstand-html-{}", ::getpid());
};

std::unique_ptr<Browser> InABrowser::browser_;

TEST_F(InABrowser, EveryChartIsDrawnAndNothingIsAskedOfANetwork) {
  for (const bool dark : {false, true}) {
    for (const int width : {1280, 390}) {
      browser_->prefer_dark(dark);
      browser_->resize(width, 900);
      open(whole_run());
      EXPECT_EQ(browser_->evaluate("document.documentElement.dataset.charts"), "3");
      const auto seen = browser_->evaluate(colours);
      ASSERT_EQ(seen.size(), 3U);
      for (const auto& count : seen) EXPECT_GT(count.get<int>(), 20) << "a canvas is empty at " << width;
      EXPECT_EQ(browser_->evaluate("document.querySelectorAll('svg .state').length > 3"), true);
      EXPECT_EQ(browser_->evaluate("document.documentElement.scrollWidth <= innerWidth"), true) << width;
      expect_quiet();
    }
  }
}

TEST_F(InABrowser, ZoomIsTheSameOnAllCharts) {
  open(whole_run());
  const auto box = browser_->evaluate(
      "(() => { const over = document.querySelector('.u-over'); over.scrollIntoView({ block: 'center', behavior: "
      "'instant' }); const { left, top, width } = over.getBoundingClientRect(); return [left, top, width]; })()");
  const int left = box[0].get<int>(), width = box[2].get<int>(), y = box[1].get<int>() + 40;
  const auto phase_lines = [&] {
    return browser_->evaluate("document.querySelectorAll('svg .phase').length").get<int>();
  };
  const int before = phase_lines();
  browser_->drag(left + width * 45 / 100, left + width * 55 / 100, y);
  EXPECT_LT(phase_lines(), before) << "the lanes are zoomed, too";
  EXPECT_EQ(browser_->evaluate("document.querySelector('.zoom button:last-child').disabled"), false);
  browser_->evaluate("document.querySelector('.zoom button:last-child').click()");
  EXPECT_EQ(phase_lines(), before);
  expect_quiet();
}

TEST_F(InABrowser, KeysMoveAlongTimeAndSayWhatIsThere) {
  open(whole_run());
  browser_->evaluate("document.querySelector('.plot[tabindex]').focus()");
  browser_->press("ArrowRight");
  browser_->press("ArrowRight");
  const std::string said = browser_->evaluate("document.getElementById('said').textContent");
  EXPECT_NE(said.find("p99 "), std::string::npos) << said;
  EXPECT_NE(said.find("succeeded "), std::string::npos) << said;
  EXPECT_EQ(browser_->evaluate("document.querySelector('.now').textContent !== ''"), true);
  expect_quiet();
}

TEST_F(InABrowser, ItsSwitchesWork) {
  open(whole_run());
  browser_->evaluate("document.querySelector('.switch input').click()");
  browser_->evaluate("document.querySelectorAll('.choice button')[1].click()");
  browser_->evaluate("for (const key of document.querySelectorAll('.legend button')) key.click()");
  EXPECT_EQ(browser_->evaluate("document.documentElement.dataset.charts"), "3");
  expect_quiet();
}

TEST_F(InABrowser, EverySampleIsShownWithoutAComplaint) {
  for (const auto& sample : samples::all()) {
    open(samples::run_of(sample));
    EXPECT_EQ(browser_->complaints(), std::vector<std::string>()) << sample.name;
    EXPECT_EQ(browser_->requests(), std::vector<std::string>()) << sample.name;
    EXPECT_EQ(browser_->evaluate("document.querySelectorAll('h1').length"), 1) << sample.name;
    EXPECT_EQ(browser_->evaluate("document.documentElement.scrollWidth <= innerWidth"), true) << sample.name;
  }
}

TEST_F(InABrowser, WhatARunSaysStaysText) {
  open(samples::attacking());
  EXPECT_EQ(browser_->evaluate("document.querySelectorAll('main a:not([href^=\"#\"]):not([href^=\"./\"]), img, iframe, "
                               "object, embed, form, [onerror], [onload], [onclick], [style*=url]').length"),
            0);
  EXPECT_EQ(browser_->evaluate("document.querySelectorAll('script').length"), 4);
  EXPECT_EQ(browser_->evaluate("typeof window.taken"), "undefined");
}

TEST_F(InABrowser, ItPrintsWithItsCharts) {
  open(whole_run());
  EXPECT_GT(browser_->print(), 20'000U);
  EXPECT_EQ(browser_->evaluate("document.documentElement.classList.contains('printing')"), false);
  expect_quiet();
}

}  // namespace
}  // namespace withstand::report
