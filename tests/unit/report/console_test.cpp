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

record::RunRecord with_fault(const record::InjectionRecord& fault) {
  record::RunRecord run;
  run.phases = {{"before", 0, 5'000'000'000}, {"during", 5'000'000'000, 25'000'000'000}, {"after", 25'000'000'000, 0}};
  run.injections = {fault};
  return run;
}

TEST(ConsoleFaults, CountFromTheStartOfDuringAsTheFileDoes) {
  record::InjectionRecord fault;
  fault.fault = "slow", fault.kind = "network.latency", fault.on = {"n1→n2"};
  fault.due = fault.injected = 8'200'000'000;
  fault.reverted = 28'200'000'000;
  EXPECT_NE(console(with_fault(fault), {false, true, 100}).find("at during+3.200s for 20s"), std::string::npos);
  fault.injected = fault.reverted = -1;
  fault.due = 30'000'000'000;
  EXPECT_NE(console(with_fault(fault), {false, true, 100}).find("due at during+25.000s"), std::string::npos);
}

TEST(ConsoleFaults, AKilledNodeThatStaysDownIsNotReverted) {
  record::RunRecord run = with_fault({});
  run.injections.clear();
  record::InjectionEvent event;
  event.fault = "kill", event.kind = "process.kill", event.what = "injected", event.on = {"n2"};
  record::apply(run, {6'000'000'000, event});
  event.what = "ended", event.detail = "not reverted: down until the run ends";
  record::apply(run, {6'050'000'000, event});
  const std::string text = console(run, {false, true, 100});
  EXPECT_NE(text.find("n2  at during+1.000s, not reverted: down until the run ends\n"), std::string::npos) << text;
}

TEST(ConsoleFaults, OfManyRowsOfEvidenceTheOnesThatDisagreeAndAFewMoreAreShown) {
  record::InjectionRecord fault;
  fault.fault = "pause", fault.kind = "process.pause", fault.injected = 6'000'000'000;
  for (int i = 1; i <= 50; ++i)
    fault.evidence.push_back({"pause", "n" + std::to_string(i), "paused", "paused", "cgroup.events", "agrees"});
  fault.evidence[41].judgement = "absent";
  const std::string text = console(with_fault(fault), {false, true, 100});
  EXPECT_NE(text.find("n42"), std::string::npos);
  EXPECT_NE(text.find("n7 "), std::string::npos);
  EXPECT_EQ(text.find("n8 "), std::string::npos);
  EXPECT_NE(text.find("and 42 more rows in report.json"), std::string::npos) << text;
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
