#include "spec/pattern.hpp"

#include <chrono>

#include <gtest/gtest.h>

namespace withstand::spec {
namespace {

TEST(Pattern, StandsLongLines) {
  const std::string line(1'000'000, 'x');
  EXPECT_FALSE(Pattern("(x|y)*z").found_in(line));
  EXPECT_TRUE(Pattern("x+$").found_in(line));
  EXPECT_THROW(Pattern("["), std::invalid_argument);
}

// An engine that goes back and forth takes 2^n steps for these.
TEST(Pattern, TakesTimeLinearInTheText) {
  const std::string line(200'000, 'x');
  const auto from = std::chrono::steady_clock::now();
  EXPECT_FALSE(Pattern("(x+x+)+y").found_in(line));
  EXPECT_FALSE(Pattern("(x|x)*y$").found_in(line));
  EXPECT_TRUE(Pattern("(x+x+)+y").found_in(line + "y"));
  EXPECT_LT(std::chrono::steady_clock::now() - from, std::chrono::seconds(10));  // some milliseconds
}

TEST(Pattern, MeansLinesAndBytes) {
  EXPECT_TRUE(Pattern("^PONG$").found_in("PONG\n"));
  EXPECT_TRUE(Pattern("^second$").found_in("first\nsecond\nthird"));
  EXPECT_TRUE(Pattern("a.*b").found_in("a\nb"));
  EXPECT_TRUE(Pattern("role:(master|primary)\\b").found_in("role:master\r\n"));
  EXPECT_TRUE(Pattern("\\d{3} \\S+").found_in("\xff\xfe 200 ok"));
  EXPECT_TRUE(Pattern("größe").found_in("die größe"));
}

TEST(Pattern, SaysWhyItIsNone) {
  const auto why = [](const std::string& expression) -> std::string {
    try {
      const Pattern pattern(expression);
      return "";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  EXPECT_NE(why("[a").find("'[' is never closed"), std::string::npos);
  EXPECT_NE(why("a)").find("has no partner"), std::string::npos);
  EXPECT_NE(why("*a").find("repeats nothing"), std::string::npos);
  EXPECT_NE(why("[z-a]").find("runs backwards"), std::string::npos);
  EXPECT_NE(why("(a)\\1").find("references back"), std::string::npos);
  EXPECT_NE(why("a(?=b)").find("looking ahead"), std::string::npos);
}

}  // namespace
}  // namespace withstand::spec
