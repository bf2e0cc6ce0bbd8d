#include <regex>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command.hpp"

/// What the README shows is what the program does.
namespace withstand::cli_test {
namespace {

using ::testing::HasSubstr;

std::string source(const std::string& name) { return read(std::string(WITHSTAND_SOURCE_DIR) + "/" + name); }

/// The text between the fences of a file's first block in this language.
std::string block(const std::string& text, const std::string& language) {
  const std::string fence = "```" + language + "\n";
  const auto start = text.find(fence);
  if (start == std::string::npos) return "";
  const auto from = start + fence.size();
  return text.substr(from, text.find("```", from) - from);
}

/// What follows a heading, up to the next one of the same depth.
std::string section(const std::string& text, const std::string& heading) {
  const auto start = text.find("\n## " + heading + "\n");
  if (start == std::string::npos) return "";
  return text.substr(start, text.find("\n## ", start + 1) - start);
}

std::vector<std::string> all_matches(const std::string& text, const std::string& pattern) {
  std::vector<std::string> found;
  const std::regex regex(pattern);
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match)
    found.push_back((*match)[1]);
  return found;
}

/// The commands of a help text: the first words of the lines between "Subcommands:" and the next empty line.
std::set<std::string> commands_of(const std::string& help) {
  const auto start = help.find("Subcommands:");
  const auto text = help.substr(start, help.find("\n\n", start) - start);
  const auto found = all_matches(text, "\n  ([a-z]+) ");
  return {found.begin(), found.end()};
}

TEST(Readme, ItsExperimentCanBePlanned) {
  const auto text = block(source("README.md"), "toml");
  ASSERT_THAT(text, HasSubstr("[[fault]]"));
  const Folder folder;
  const auto outcome = withstand({"plan", folder.write("mine.toml", text), "--seed", "1"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("process.pause"));
}

TEST(Readme, ItsExperimentWithstands) {
  if (const auto why = why_no_run(); !why.empty()) GTEST_SKIP() << why;
  const Folder folder;
  const auto file = folder.write("mine.toml", block(source("README.md"), "toml"));
  const auto outcome = withstand({"run", file, "--quiet", "--output", folder.path("runs")});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  // A hang that no probe sees would show the reader nothing.
  EXPECT_THAT(outcome.out, HasSubstr("last failure"));
}

TEST(Readme, ItsCommandsAreThoseOfTheHelp) {
  const auto help = commands_of(withstand({"--help"}).out);
  ASSERT_TRUE(help.contains("run"));
  std::set<std::string> shown;
  const auto commands = section(source("README.md"), "Commands");
  for (const auto& row : all_matches(commands, "\n\\| (`withstand [^|]*) \\|"))
    for (const auto& command : all_matches(row, "`(?:withstand )?([a-z]+)")) shown.insert(command);
  EXPECT_EQ(shown, help);
}

TEST(Readme, ItsFlagsAreThoseOfRun) {
  const auto help = withstand({"run", "--help"}).out;
  const auto flags = all_matches(section(source("README.md"), "Commands"), "`(--[a-z-]+)");
  ASSERT_GE(flags.size(), 5U);
  for (const auto& flag : flags) EXPECT_THAT(help, HasSubstr("\n  " + flag));
}

TEST(Readme, ItsExitCodesAreThoseOfTheHelp) {
  const auto help = withstand({"--help"}).out;
  const auto table = section(source("README.md"), "Verdicts and exit codes");
  const auto codes = all_matches(table, "\\| ([0-9]+)");
  ASSERT_GE(codes.size(), 9U);
  for (const auto& code : codes) EXPECT_THAT(help, ::testing::ContainsRegex("\n *" + code + "  ")) << code;
}

/// Every `withstand plan|list|run|describe ...` in a document's indented blocks that touches nothing.
TEST(Readme, TheCommandsOfExperimentsAreUnderstood) {
  for (const std::string name : {"README.md", "experiments/README.md"}) {
    const auto shown = all_matches(source(name), "\n    withstand ((?:plan|list|describe)[^\n]*)");
    for (const auto& line : shown) {
      const auto command = line.substr(0, line.find("  "));
      EXPECT_EQ(withstand(all_matches(command, "([^ ]+)")).status, 0) << name << ": withstand " << command;
    }
  }
}

/// Runs are shown too: each must select something.
TEST(Readme, TheRunsItShowsSelectExperiments) {
  for (const std::string name : {"README.md", "experiments/README.md"}) {
    const auto shown = all_matches(source(name), "\n    withstand run +([^\n]*)");
    EXPECT_FALSE(shown.empty()) << name;
    for (const auto& line : shown) {
      auto arguments = all_matches(line.substr(0, line.find("  ")), "([^ ]+)");
      arguments.insert(arguments.begin(), "list");
      EXPECT_EQ(withstand(arguments).status, 0) << name << ": withstand run " << line;
    }
  }
}

}  // namespace
}  // namespace withstand::cli_test
