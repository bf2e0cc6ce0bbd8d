#include "spec/pattern.hpp"

#include <gtest/gtest.h>

namespace withstand::spec {
namespace {

TEST(Pattern, StandsLongLines) {
  const std::string line(1'000'000, 'x');
  EXPECT_FALSE(Pattern("(x|y)*z").found_in(line));
  EXPECT_TRUE(Pattern("x+$").found_in(line));
  EXPECT_THROW(Pattern("["), std::invalid_argument);
}

TEST(Pattern, GivesUpASearchWithoutEnd) { EXPECT_FALSE(Pattern("(x+x+)+y").found_in(std::string(5'000, 'x'))); }

}  // namespace
}  // namespace withstand::spec
