#include "core/glob.hpp"

#include <re2/re2.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace withstand::core {
namespace {

bool matches(const std::string& glob, const std::string& path) { return RE2::FullMatch(path, glob_to_regex(glob)); }
bool may_be_in(const std::string& glob, const std::string& folder) {
  return RE2::FullMatch(folder, folders_of_glob(glob));
}

TEST(Glob, NamesWithoutFoldersMatchAnywhere) {
  EXPECT_TRUE(matches("*.wal", "a.wal"));
  EXPECT_TRUE(matches("*.wal", "deep/er/a.wal"));
  EXPECT_FALSE(matches("*.wal", "a.wal/b"));
  EXPECT_FALSE(matches("*.wal", "a.wall"));
  EXPECT_TRUE(matches("", "whatever/it/is"));
}

TEST(Glob, PathsMatchFromTheDataDirectory) {
  EXPECT_TRUE(matches("member/snap/db", "member/snap/db"));
  EXPECT_FALSE(matches("member/snap/db", "x/member/snap/db"));
  EXPECT_TRUE(matches("/top", "top"));
  EXPECT_FALSE(matches("a/*", "a/b/c"));
  EXPECT_TRUE(matches("a/?", "a/b"));
  EXPECT_FALSE(matches("a/?", "a/"));
}

TEST(Glob, TwoStarsAreAnyFolders) {
  EXPECT_TRUE(matches("**/db", "db"));
  EXPECT_TRUE(matches("a/**/db", "a/db"));
  EXPECT_TRUE(matches("a/**/db", "a/b/c/db"));
  EXPECT_FALSE(matches("a/**/db", "a/b/cdb"));
  EXPECT_TRUE(matches("a/**", "a/b/c"));
  EXPECT_FALSE(matches("a/**", "ab/c"));
}

TEST(Glob, AlternativesAndClasses) {
  EXPECT_TRUE(matches("{wal,snap}/*.db", "wal/1.db"));
  EXPECT_TRUE(matches("{wal,snap}/*.db", "snap/1.db"));
  EXPECT_FALSE(matches("{wal,snap}/*.db", "walsnap/1.db"));
  EXPECT_TRUE(matches("[a-c]1", "b1"));
  EXPECT_FALSE(matches("[!a-c]1", "b1"));
  EXPECT_TRUE(matches("[]x]", "]"));
  EXPECT_TRUE(matches("a\\*", "a*"));
  EXPECT_FALSE(matches("a\\*", "ab"));
  EXPECT_TRUE(matches("a.b+(c)|$", "a.b+(c)|$"));
}

TEST(Glob, WhatCannotBeReadIsSaidWhere) {
  for (const auto& [glob, what] : {std::pair{"a{b", "has no \"}\""}, std::pair{"[a", "\"[\" has no"},
                                   std::pair{"[z-a]", "ends before"}, std::pair{"a\\", "nothing follows"}}) {
    try {
      static_cast<void>(glob_to_regex(glob));
      ADD_FAILURE() << glob;
    } catch (const BadGlob& bad) {
      EXPECT_THAT(bad.what(), ::testing::HasSubstr(what));
      EXPECT_THAT(bad.what(), ::testing::HasSubstr("at byte"));
    }
  }
}

TEST(Glob, FoldersHoldEveryMatch) {
  EXPECT_TRUE(may_be_in("a/b/*.log", "a/b"));
  EXPECT_FALSE(may_be_in("a/b/*.log", "a"));
  EXPECT_FALSE(may_be_in("a/b/*.log", "a/b/c"));
  EXPECT_TRUE(may_be_in("*.log", "any/where"));
  EXPECT_TRUE(may_be_in("a/**", "a/b/c"));
  EXPECT_TRUE(may_be_in("a/**/x", "a"));
  EXPECT_TRUE(may_be_in("/top", ""));
  EXPECT_FALSE(may_be_in("/top", "a"));
  EXPECT_FALSE(may_be_in("member/snap/db", "member/wal"));
  EXPECT_TRUE(may_be_in("a\\/b", "a"));
}

/// Whatever a random pattern matches lies in a folder that its own folders expression matches.
TEST(Glob, FoldersHoldEveryMatchOfRandomPatterns) {
  std::uint64_t state = 1;
  const auto next = [&](std::uint64_t bound) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33U) % bound;
  };
  const auto word = [&](const std::vector<std::string>& parts) {
    std::string text;
    for (std::uint64_t i = 0; i < 1 + next(6); ++i) text += parts[next(parts.size())];
    return text;
  };
  int matched = 0;
  for (int i = 0; i < 20000; ++i) {
    const std::string glob = word({"a", "b", "/", "*", "**", "/**/", "?", "[ab]", "{a,b}", "{a/b,b}"});
    const std::string path = word({"a", "b", "a/", "b/"}) + "a";
    try {
      if (!matches(glob, path)) continue;
    } catch (const BadGlob&) {
      continue;
    }
    ++matched;
    const auto slash = path.rfind('/');
    EXPECT_TRUE(may_be_in(glob, slash == std::string::npos ? "" : path.substr(0, slash))) << glob << " " << path;
  }
  EXPECT_GT(matched, 500);
}

}  // namespace
}  // namespace withstand::core
