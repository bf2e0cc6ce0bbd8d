#include "record/utf8.hpp"

#include <gtest/gtest.h>

namespace withstand::record {
namespace {

const std::string mark = "\xEF\xBF\xBD";

TEST(Utf8, EveryScalarValueSurvives) {
  for (char32_t value = 0; value <= 0x10FFFF; value += value < 0x3000 ? 1 : 37) {
    if (value >= 0xD800 && value <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, value);
    const CodePoint back = decode_utf8(text, 0);
    ASSERT_TRUE(back.valid) << std::hex << static_cast<unsigned>(value);
    ASSERT_EQ(back.value, value);
    ASSERT_EQ(back.size, text.size());
  }
}

TEST(Utf8, IllFormedTextIsRepairedByMaximalSubparts) {
  EXPECT_EQ(repair_utf8("plain \xE2\x86\x92 text"), "plain \xE2\x86\x92 text");
  EXPECT_EQ(repair_utf8("\x80"), mark);
  EXPECT_EQ(repair_utf8("\xC0\xAF"), mark + mark);                        // overlong
  EXPECT_EQ(repair_utf8("\xE0\x80\x80"), mark + mark + mark);             // overlong
  EXPECT_EQ(repair_utf8("\xED\xA0\x80"), mark + mark + mark);             // surrogate
  EXPECT_EQ(repair_utf8("\xF4\x90\x80\x80"), mark + mark + mark + mark);  // beyond U+10FFFF
  EXPECT_EQ(repair_utf8("a\xF1\x80\x80\xE1\x80\xC2"
                        "b"),
            "a" + mark + mark + mark + "b");  // Unicode's own example, cut
  EXPECT_EQ(repair_utf8("\xE2\x86"), mark);   // cut at the end
  EXPECT_EQ(repair_utf8(std::string("\0x", 2)), std::string("\0x", 2));
}

}  // namespace
}  // namespace withstand::record
