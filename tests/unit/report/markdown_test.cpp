#include "report/markdown.hpp"

#include <gtest/gtest.h>

#include "samples.hpp"

namespace withstand::report {
namespace {

TEST(Markdown, TextIsNothingButText) {
  EXPECT_EQ(
      markdown_text("a *b* _c_ [d](e) `f` |g| <h> & @i #1 $x$ ![j] ~k~ \\"),
      "a \\*b\\* \\_c\\_ \\[d\\](e) \\`f\\` \\|g\\| &lt;h&gt; &amp; &#64;i &#35;1 \\$x\\$ \\!\\[j\\] \\~k\\~ \\\\");
  EXPECT_EQ(markdown_text("two\nlines"), "two\\\\nlines");
}

TEST(Markdown, NothingEndsACodeSpanOrABlock) {
  EXPECT_EQ(markdown_code("plain"), "`plain`");
  EXPECT_EQ(markdown_code("a|b"), "`a\\|b`");
  EXPECT_EQ(markdown_code("a`b``c"), "```a`b``c```");
  EXPECT_EQ(markdown_code("`tick`"), "`` `tick` ``");
  EXPECT_EQ(markdown_code("  "), "");
  EXPECT_EQ(markdown_block({"a", "```", "b\nc"}, "text"), "````text\na\n```\nb\\nc\n````\n");
}

TEST(Markdown, RunsThatAreNotAsTheyShouldBeComeFirst) {
  const std::string text = markdown_report({samples::run_of("withstood"), samples::run_of("failed")});
  EXPECT_LT(text.find("**Runs**"), text.find("### ❌ failed"));
  EXPECT_LT(text.find("### ❌ failed"), text.find("### ✅ withstood"));
}

TEST(Markdown, StaysBelowItsLimitAndSaysWhatIsMissing) {
  std::vector<record::RunRecord> runs(400, samples::run_of("hostile"));
  const std::string whole = markdown_report(runs);
  EXPECT_LE(whole.size(), most_markdown_bytes);
  EXPECT_GT(whole.size(), most_markdown_bytes * 9 / 10);
  EXPECT_NE(whole.find(" left out: the report would be too long._\n"), std::string::npos);
  for (const std::size_t limit : {0U, 100U, 200U, 1000U, 5000U}) {
    EXPECT_LE(markdown_report({samples::run_of("failed")}, limit).size(), std::max<std::size_t>(limit, 200)) << limit;
  }
}

TEST(Markdown, EveryTableRowHasAsManyCellsAsItsHeader) {
  for (const auto& sample : samples::all()) {
    const std::string text = markdown_report({samples::run_of(sample)});
    long cells = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      const std::string line = text.substr(at, end - at);
      at = end + 1;
      if (line.rfind("| ", 0) != 0) {
        cells = 0;
        continue;
      }
      long bars = 0;
      for (std::size_t i = 0; i < line.size(); ++i) bars += line[i] == '|' && (i == 0 || line[i - 1] != '\\') ? 1 : 0;
      EXPECT_TRUE(cells == 0 || bars == cells) << line;
      cells = bars;
    }
  }
}

}  // namespace
}  // namespace withstand::report
