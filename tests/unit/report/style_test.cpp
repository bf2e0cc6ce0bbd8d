#include "report/style.hpp"

#include <map>

#include <gtest/gtest.h>

namespace withstand::report {
namespace {

using Variables = std::map<std::string, std::string>;

Environment with(const Variables& variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(Style, Colour) {
  using enum ColourWish;
  struct {
    ColourWish wish;
    Variables variables;
    bool terminal, colour;
  } const table[] = {
      {automatic, {}, true, true},
      {automatic, {}, false, false},
      {automatic, {{"TERM", "xterm"}}, true, true},
      {automatic, {{"TERM", "dumb"}}, true, false},
      {automatic, {{"NO_COLOR", "1"}}, true, false},
      {automatic, {{"NO_COLOR", ""}}, true, true},
      {automatic, {{"FORCE_COLOR", "1"}}, false, true},
      {automatic, {{"FORCE_COLOR", "3"}}, false, true},
      {automatic, {{"FORCE_COLOR", "0"}}, false, false},
      {automatic, {{"FORCE_COLOR", "false"}}, false, false},
      {automatic, {{"FORCE_COLOR", ""}}, false, false},
      {automatic, {{"CLICOLOR_FORCE", "1"}}, false, true},
      {automatic, {{"CLICOLOR_FORCE", "0"}}, false, false},
      {automatic, {{"CLICOLOR", "0"}}, true, false},
      {automatic, {{"NO_COLOR", "1"}, {"FORCE_COLOR", "1"}}, true, false},
      {automatic, {{"FORCE_COLOR", "1"}, {"TERM", "dumb"}}, false, true},
      {always, {{"NO_COLOR", "1"}, {"TERM", "dumb"}}, false, true},
      {never, {{"FORCE_COLOR", "1"}}, true, false},
  };
  for (const auto& row : table) {
    EXPECT_EQ(choose_colour(row.wish, with(row.variables), row.terminal), row.colour)
        << ::testing::PrintToString(row.variables) << row.terminal;
  }
}

TEST(Style, UnicodeFollowsTheLocaleInForce) {
  EXPECT_FALSE(choose_unicode(with({})));
  EXPECT_FALSE(choose_unicode(with({{"LANG", "C"}})));
  EXPECT_TRUE(choose_unicode(with({{"LANG", "C.UTF-8"}})));
  EXPECT_TRUE(choose_unicode(with({{"LANG", "C"}, {"LC_CTYPE", "en_GB.utf8"}})));
  EXPECT_FALSE(choose_unicode(with({{"LANG", "de_DE.UTF-8"}, {"LC_ALL", "POSIX"}})));
  EXPECT_TRUE(choose_unicode(with({{"LANG", "de_DE.UTF-8"}, {"LC_ALL", ""}})));
  EXPECT_FALSE(choose_unicode(nullptr));
}

TEST(Style, WordsOfTheFlag) {
  EXPECT_EQ(parse_colour_wish("auto"), ColourWish::automatic);
  EXPECT_EQ(parse_colour_wish("always"), ColourWish::always);
  EXPECT_EQ(parse_colour_wish("never"), ColourWish::never);
  EXPECT_EQ(parse_colour_wish("yes"), std::nullopt);
}

}  // namespace
}  // namespace withstand::report
