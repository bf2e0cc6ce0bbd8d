// Looking rules up finds what trying them all would find.
#include <algorithm>
#include <re2/re2.h>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/glob.hpp"
#include "lab/disk/rule.hpp"
#include "lab/disk/touched.hpp"

namespace withstand::lab::disk {
namespace {

std::shared_ptr<Rule> rule_on(const std::string& path, std::uint64_t handle) {
  core::DiskRule rule;
  rule.operations = Operations::all();
  rule.path = path;
  return std::make_shared<Rule>(handle, rule, "n1");
}

std::vector<std::uint64_t> handles(const Matched& matched) {
  std::vector<std::uint64_t> found;
  for (const auto& each : matched) found.push_back(each->handle);
  return found;
}

TEST(RuleIndex, FindsWhatTryingAllFinds) {
  std::uint64_t state = 1;
  const auto next = [&](std::uint64_t bound) {
    state = state * 6364136223846793005ULL + 1442695040888963407ULL;
    return (state >> 33U) % bound;
  };
  const auto word = [&](const std::vector<std::string>& parts) {
    std::string text;
    for (std::uint64_t i = 0; i < 1 + next(5); ++i) text += parts[next(parts.size())];
    return text;
  };
  Matched rules;
  while (rules.size() < 400) {
    try {
      rules.push_back(
          rule_on(word({"a", "b", "/", "*", "**", "?", "{a,b}", "[ab]", "/**/", "\\a", "**/"}), rules.size()));
    } catch (const core::BadGlob&) {  // some are none
    }
  }
  const RuleIndex index(1, rules);
  for (int i = 0; i < 2000; ++i) {
    const std::vector<std::string> paths{word({"a", "b", "a/", "b/", "ab"}), word({"a", "b/", "/"})};
    std::vector<std::uint64_t> expected;
    for (const auto& each : rules)
      if (std::any_of(paths.begin(), paths.end(), [&](const auto& path) { return RE2::FullMatch(path, *each->path); }))
        expected.push_back(each->handle);
    ASSERT_EQ(handles(index.of(paths)), expected) << paths[0] << " " << paths[1];
  }
}

TEST(RuleIndex, KnowsWhatCanBeLookedUp) {
  using Kind = core::GlobKey::Kind;
  for (const auto& [glob, kind, text] : {std::tuple{"wal/0001", Kind::path, "wal/0001"},
                                         {"/top", Kind::path, "top"},
                                         {"db", Kind::name, "db"},
                                         {"**/db", Kind::name, "db"},
                                         {"a/b/*.log", Kind::folder, "a/b"},
                                         {"/*.log", Kind::folder, ""},
                                         {"*.log", Kind::unknown, ""},
                                         {"a/*/b", Kind::unknown, ""},
                                         {"a/**", Kind::unknown, ""},
                                         {"", Kind::unknown, ""},
                                         {"a/{b,c/d}", Kind::unknown, ""},
                                         {"a\\*", Kind::unknown, ""}}) {
    EXPECT_EQ(core::key_of_glob(glob).kind, kind) << glob;
    EXPECT_EQ(core::key_of_glob(glob).text, text) << glob;
  }
}

TEST(Touched, RemembersTheLatestSinceAnInstant) {
  Touched touched;
  touched.note(Operation::read, {"old"});
  const auto since = touched.now();
  touched.note(Operation::read, {"a", "b"});
  touched.note(Operation::write, {"c"});
  EXPECT_EQ(touched.since(since, {Operation::read}), (std::vector<std::string>{"a", "b"}));
  for (int i = 0; i < 10000; ++i) touched.note(Operation::write, {fmt::format("f{}", i)});
  const auto all = touched.since(0, {Operation::write});
  EXPECT_EQ(all.size(), 500U);
  EXPECT_EQ(all.back(), "f9999");
}

}  // namespace
}  // namespace withstand::lab::disk
