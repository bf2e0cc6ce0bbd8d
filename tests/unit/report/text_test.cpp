#include "report/text.hpp"

#include <gtest/gtest.h>

namespace withstand::report {
namespace {

using Lines = std::vector<std::string>;

TEST(Text, PrintableShowsWhatWouldAct) {
  EXPECT_EQ(printable("plain → ü 日"), "plain → ü 日");
  EXPECT_EQ(printable("\x1b[2J\r\n\t\x7f"), "\\x1b[2J\\r\\n\\t\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "\\u{9b}31m");  // a C1 control that starts a sequence
  EXPECT_EQ(printable("a\u202eb\u2066c\u200bd"), "a\\u{202e}b\\u{2066}c\\u{200b}d");
  EXPECT_EQ(printable("bad \xff."), "bad \xEF\xBF\xBD.");
}

TEST(Text, AsciiKeepsTheMeaning) {
  EXPECT_EQ(to_ascii("n1→n2 40ms ± 5ms, 3µs ✓ ✗ … ≤ ü"), "n1->n2 40ms +- 5ms, 3us + x ... <= ?");
}

TEST(Text, ColumnsCountWhatATerminalShows) {
  EXPECT_EQ(columns("abc"), 3);
  EXPECT_EQ(columns("→✓µ"), 3);
  EXPECT_EQ(columns("日本"), 4);
  EXPECT_EQ(columns("e\u0301"), 1);
  EXPECT_EQ(columns("\x1b[31mred\x1b[0m"), 3);
  EXPECT_EQ(columns("torn \x1b["), 5);
}

TEST(Text, ElideCutsAtAColumn) {
  EXPECT_EQ(elide("abcdef", 6), "abcdef");
  EXPECT_EQ(elide("abcdef", 5), "abcd…");
  EXPECT_EQ(elide("abcdef", 5, "..."), "ab...");
  EXPECT_EQ(elide("日本語", 5), "日本…");
  EXPECT_EQ(elide("日本語", 4), "日…");
  EXPECT_EQ(elide("abcdef", 2, "..."), "ab");
  EXPECT_EQ(elide("", 0), "");
}

TEST(Text, WrapBreaksAtSpacesAndCutsLongWords) {
  EXPECT_EQ(wrap("", 10), Lines{""});
  EXPECT_EQ(wrap("one two three", 13), Lines{"one two three"});
  EXPECT_EQ(wrap("one two three", 9), (Lines{"one two", "three"}));
  EXPECT_EQ(wrap("one two   three", 9), (Lines{"one two", "three"}));
  EXPECT_EQ(wrap("0123456789abcdef", 10), (Lines{"0123456789", "abcdef"}));
  EXPECT_EQ(wrap(" 0123456789", 8), (Lines{" 0123456", "789"}));
  EXPECT_EQ(wrap("trailing   ", 8), (Lines{"trailing"}));
}

TEST(Text, Times) {
  EXPECT_EQ(human_time(0), "0ns");
  EXPECT_EQ(human_time(999), "999ns");
  EXPECT_EQ(human_time(1'000), "1µs");
  EXPECT_EQ(human_time(999'499), "999µs");
  EXPECT_EQ(human_time(999'500), "1.00ms");
  EXPECT_EQ(human_time(12'400'000), "12.4ms");
  EXPECT_EQ(human_time(12'444'000), "12.4ms");
  EXPECT_EQ(human_time(9'996'000), "10.0ms");
  EXPECT_EQ(human_time(15'000'000'000), "15s");
  EXPECT_EQ(human_time(15'000'300'000), "15.0s");
  EXPECT_EQ(human_time(119'600'000'000), "2m00s");
  EXPECT_EQ(human_time(7'200'000'000'000), "2h00m");
  EXPECT_EQ(human_time(-1'500'000), "-1.5ms");
  EXPECT_EQ(human_time(INT64_MAX), ">999h");
  EXPECT_EQ(human_time(INT64_MIN), "->999h");
  EXPECT_EQ(measured_time(15'000'000'000), "15.0s");
  EXPECT_EQ(clock_time(12'345'678'901), "12.346");
}

TEST(Text, PercentNeverRoundsToAllOrNothing) {
  EXPECT_EQ(percent(0, 0), "-");
  EXPECT_EQ(percent(0, 7), "0%");
  EXPECT_EQ(percent(7, 7), "100%");
  EXPECT_EQ(percent(1, 2), "50%");
  EXPECT_EQ(percent(1, 3), "33.3%");
  EXPECT_EQ(percent(4, 2000), "0.2%");
  EXPECT_EQ(percent(999'999, 1'000'000), ">99.999%");
  EXPECT_EQ(percent(1, 10'000'000), "<0.001%");
  EXPECT_EQ(percent(99'999, 100'000), "99.999%");
}

TEST(Text, Counts) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(18446744073709551615U), "18,446,744,073,709,551,615");
  EXPECT_EQ(counted(1, "run"), "1 run");
  EXPECT_EQ(counted(1200, "run"), "1,200 runs");
}

}  // namespace
}  // namespace withstand::report
