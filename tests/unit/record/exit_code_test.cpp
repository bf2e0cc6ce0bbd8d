#include "record/exit_code.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace withstand::record {
namespace {

int combined(const std::vector<int>& numbers) {
  std::vector<ExitCode> codes;
  for (const int number : numbers) codes.push_back(to_exit_code(number));
  return static_cast<int>(combine(codes));
}

TEST(ExitCode, OfOneRun) {
  struct {
    const char* verdict;
    bool as_expected, rollback_ok;
    int code;
  } const table[] = {
      {"withstood", true, true, 0},
      {"failed", false, true, 1},
      {"failed", true, true, 0},
      {"withstood", false, true, 1},
      {"inconclusive", false, true, 4},
      {"inconclusive", true, true, 4},
      {"error", false, true, 3},
      {"skipped", false, true, 77},
      {"aborted", false, true, 7},
      {"withstood", true, false, 6},
      {"failed", true, false, 6},
      {"error", false, false, 6},
      {"aborted", false, false, 6},
      {"skipped", false, false, 6},
      {"inconclusive", false, false, 6},
      {"of next year", true, true, 3},
      {"", true, true, 3},
  };
  for (const auto& row : table) {
    EXPECT_EQ(static_cast<int>(exit_code_of(row.verdict, row.as_expected, row.rollback_ok)), row.code) << row.verdict;
  }
}

TEST(ExitCode, OfSeveralRuns) {
  struct {
    std::vector<int> codes;
    int code;
  } const table[] = {
      {{}, 5},           {{0}, 0},          {{0, 0, 0}, 0}, {{0, 77}, 0},    {{77, 77}, 77},  {{77, 0, 77}, 0},
      {{0, 4}, 4},       {{4, 77}, 4},      {{4, 7}, 7},    {{7, 1, 4}, 1},  {{1, 3}, 3},     {{3, 6, 130}, 6},
      {{1, 77}, 1},      {{0, 5}, 5},       {{4, 5}, 4},    {{0, 130}, 130}, {{1, 130}, 130}, {{3, 143}, 143},
      {{130, 143}, 143}, {{6, 0, 0, 0}, 6}, {{2, 1}, 2},    {{2, 3}, 3},     {{0, 42}, 3},    {{77, 7}, 7},
  };
  for (const auto& row : table) EXPECT_EQ(combined(row.codes), row.code) << ::testing::PrintToString(row.codes);
}

TEST(ExitCode, TheSeverityOfTheDesignHoldsForEveryPairAndInAnyOrder) {
  const std::vector<int> worst_first{6, 143, 131, 130, 129, 3, 2, 1, 7, 4, 5, 0};
  for (std::size_t i = 0; i < worst_first.size(); ++i) {
    for (std::size_t j = i; j < worst_first.size(); ++j) {
      EXPECT_EQ(combined({worst_first[i], worst_first[j]}), worst_first[i]);
      EXPECT_EQ(combined({worst_first[j], worst_first[i]}), worst_first[i]);
    }
  }
}

TEST(ExitCode, HelpNamesEveryCodeOnce) {
  const std::string help = exit_codes_help();
  for (const int code : {0, 1, 2, 3, 4, 5, 6, 7, 77, 129, 130, 131, 143}) {
    const std::string line = "\n" +
                             std::string(code > 99  ? "  "
                                         : code > 9 ? "   "
                                                    : "    ") +
                             std::to_string(code) + "  ";
    EXPECT_NE(help.find(line), std::string::npos) << code << '\n' << help;
    EXPECT_NE(help.find(words(to_exit_code(code))), std::string::npos);
  }
}

}  // namespace
}  // namespace withstand::record
