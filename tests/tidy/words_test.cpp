#include <regex>

#include "tidy/tree.hpp"

namespace withstand::tidy {
namespace {

struct Banned {
  std::regex pattern;
  const char* why;
};

/// The words are put together here, or this file would not pass its own test.
const std::vector<Banned>& banned() {
  const auto flags = std::regex::ECMAScript | std::regex::optimize;
  static const std::vector<Banned> list{
      {std::regex(R"(\b(TO)"
                  R"(DO|FIX)"
                  R"(ME|XX)"
                  R"(X|HA)"
                  R"(CK)\b)",
                  flags),
       "do it, or leave it out"},
      {std::regex(R"(\b[Ss]tu)"
                  R"(b(bed|s)?\b)",
                  flags),
       "nothing here is half made"},
      {std::regex(R"((^|[^A-Za-z0-9_./])/(wo)"
                  R"(rk|ho)"
                  R"(me/[a-z]|ro)"
                  R"(ot/))",
                  flags),
       "a path of one machine"},
      {std::regex(R"(/tm)"
                  R"(p/(hel)"
                  R"(pers|bash_jobs))",
                  flags),
       "a path of one machine"},
      {std::regex(R"(\b([Tt]his se)"
                  R"(ssion|[Ii]ssue #?[0-9]+)\b)",
                  flags),
       "say it so that it stays true"},
  };
  return list;
}

bool is_prose_of_others(const File& file) { return file.path == "LICENSE"; }

TEST(Words, NothingUnfinishedAndNothingOfOneMachine) {
  for (const auto& file : tree()) {
    if (is_prose_of_others(file)) continue;
    std::size_t line = 0;
    for (std::size_t start = 0; start < file.text.size();) {
      const auto end = std::min(file.text.find('\n', start), file.text.size());
      const auto one = file.text.substr(start, end - start);
      ++line;
      for (const auto& word : banned()) EXPECT_FALSE(std::regex_search(one, word.pattern)) << at(file, line, word.why);
      start = end + 1;
    }
  }
}

TEST(Words, TextEndsWithANewlineAndHasNoTrailingSpaces) {
  for (const auto& file : tree()) {
    if (file.text.empty() || file.in("tests/golden/")) continue;
    EXPECT_EQ(file.text.back(), '\n') << at(file, count_lines(file.text), "end the last line");
    const auto trailing = std::min(file.text.find(" \n"), file.text.find("\t\n"));
    if (trailing != std::string::npos && !file.path.ends_with(".md"))
      ADD_FAILURE() << at(file, line_at(file.text, trailing), "trailing space");
  }
}

}  // namespace
}  // namespace withstand::tidy
