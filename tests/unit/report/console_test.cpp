#include "report/console.hpp"

#include <sstream>

#include <gtest/gtest.h>

#include "golden.hpp"
#include "report/text.hpp"
#include "samples.hpp"

namespace withstand::report {
namespace {

class Console : public ::testing::TestWithParam<std::string> {
 protected:
  record::RunRecord run_ = samples::run_of(GetParam());
};

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

bool whole_by_promise(const std::string& line) {
  return line.find("Run again  ") != std::string::npos || line.find("Results  ") != std::string::npos;
}

TEST_P(Console, LooksAsApproved) { expect_golden("console/" + GetParam() + ".txt", console(run_, {false, true, 100})); }

TEST_P(Console, InAPlainLocaleItIsPlainAscii) {
  const std::string text = console(run_, {false, false, 80});
  for (const char c : text) ASSERT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
  if (GetParam() == "inconclusive") expect_golden("console/inconclusive-ascii.txt", text);
}

TEST_P(Console, KeepsToTheWidth) {
  for (const int width : {40, 60, 80, 100, 120}) {
    for (const std::string& line : lines_of(console(run_, {false, true, width}))) {
      if (whole_by_promise(line)) continue;
      EXPECT_LE(columns(line), std::max(width, 79)) << line;  // below that, tables overflow rather than lose figures
    }
  }
}

TEST_P(Console, NothingInTheRunReachesTheTerminalAsAControl) {
  for (const char c : console(run_, {false, true, 100})) {
    ASSERT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= ' ');
    ASSERT_NE(c, '\x7f');
  }
}

TEST_P(Console, ColourChangesNothingButColour) {
  const std::string coloured = console(run_, {true, true, 100});
  std::string stripped;
  for (std::size_t at = 0; at < coloured.size(); ++at) {
    if (coloured[at] == '\x1b')
      at = coloured.find('m', at);
    else
      stripped += coloured[at];
  }
  EXPECT_EQ(stripped, console(run_, {false, true, 100}));
}

INSTANTIATE_TEST_SUITE_P(Samples, Console, ::testing::ValuesIn(samples::names()), test_name);

TEST(ConsoleInColour, LooksAsApproved) {
  for (const std::string name : {"failed", "inconclusive"}) {  // the two show every colour
    expect_golden("console/" + name + "-colour.txt", console(samples::run_of(name), {true, true, 100}));
  }
}

TEST(Summary, OfEverySample) {
  std::vector<record::RunRecord> runs;
  for (const auto& sample : samples::all()) runs.push_back(samples::run_of(sample));
  expect_golden("console/summary.txt", summary(runs, 6, {false, true, 100}));
  expect_golden("console/summary-80-ascii.txt", summary(runs, 6, {false, false, 80}));
}

TEST(Summary, OfNothing) {
  EXPECT_EQ(summary({}, 5, {false, true, 100}), "0 runs\nexit code 5: nothing was selected\n");
}

}  // namespace
}  // namespace withstand::report
