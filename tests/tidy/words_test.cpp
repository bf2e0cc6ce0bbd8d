#include <algorithm>
#include <cctype>

#include "tidy/tree.hpp"

namespace withstand::tidy {
namespace {

struct Banned {
  std::string text;
  const char* why;
  bool before_number = false;  ///< wrong only with a number behind it
};

/// The words are put together here, or this file would not pass its own test.
std::vector<Banned> banned() {
  const auto word = [](const char* first, const char* second) { return std::string(first) + second; };
  const char* const unfinished = "do it, or leave it out";
  const char* const elsewhere = "a path of one machine";
  const char* const passing = "say it so that it stays true";
  return {
      {word("TO", "DO"), unfinished},      {word("FIX", "ME"), unfinished},       {word("XX", "X"), unfinished},
      {word("HA", "CK"), unfinished},      {word("stu", "b"), unfinished},        {word("stu", "bs"), unfinished},
      {word("stu", "bbed"), unfinished},   {word("/work/m", "ain"), elsewhere},   {word("/work/sh", "ared"), elsewhere},
      {word("/work/w", "t"), elsewhere},   {word("/tmp/hel", "pers"), elsewhere}, {word("this ses", "sion"), passing},
      {word("This ses", "sion"), passing}, {word("iss", "ue "), passing, true},   {word("iss", "ue #"), passing, true},
  };
}

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Where a banned word stands alone; npos when nowhere from `start` on.
std::size_t find_word(const std::string& text, const Banned& word, std::size_t start) {
  for (auto i = text.find(word.text, start); i != std::string::npos; i = text.find(word.text, i + 1)) {
    const char next = i + word.text.size() < text.size() ? text[i + word.text.size()] : ' ';
    const bool begins = i == 0 || !is_word(word.text[0]) || !is_word(text[i - 1]);
    const bool ends = word.before_number ? std::isdigit(static_cast<unsigned char>(next)) != 0 : !is_word(next);
    if (begins && ends) return i;
  }
  return std::string::npos;
}

bool is_of_others(const File& file) { return file.path == "LICENSE" || file.in("harness/report/vendor/"); }

TEST(Words, NothingUnfinishedAndNothingOfOneMachine) {
  for (const auto& file : tree()) {
    if (is_of_others(file)) continue;
    for (const auto& word : banned())
      for (auto i = find_word(file.text, word, 0); i != std::string::npos; i = find_word(file.text, word, i + 1))
        ADD_FAILURE() << at(file, line_at(file.text, i), word.why);
  }
}

TEST(Words, TextEndsWithANewlineAndHasNoTrailingSpaces) {
  for (const auto& file : tree()) {
    if (file.text.empty() || file.in("tests/golden/") || is_of_others(file)) continue;
    EXPECT_EQ(file.text.back(), '\n') << at(file, count_lines(file.text), "end the last line");
    const auto trailing = std::min(file.text.find(" \n"), file.text.find("\t\n"));
    if (trailing != std::string::npos && !file.path.ends_with(".md"))
      ADD_FAILURE() << at(file, line_at(file.text, trailing), "trailing space");
  }
}

}  // namespace
}  // namespace withstand::tidy
