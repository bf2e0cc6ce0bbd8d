#include <map>
#include <set>

#include <fmt/format.h>

#include "tidy/scan.hpp"
#include "tidy/tree.hpp"

namespace withstand::tidy {
namespace {

using Folders = std::set<std::string, std::less<>>;

/// Who may include whom, itself apart. The link graph holds most of it; this test names the line.
const std::map<std::string, Folders, std::less<>>& allowed() {
  static const Folders below_lab{"core", "os", "spec", "record"};
  static const Folders below_cli{"run", "report", "lab", "load", "check", "core", "os", "spec", "record"};
  static const std::map<std::string, Folders, std::less<>> table{
      {"os", {}},
      {"spec", {}},
      {"record", {"spec"}},
      {"core", {"os", "spec", "record"}},
      {"lab", below_lab},
      {"load", below_lab},
      {"check", below_lab},
      {"report", {"spec", "record"}},
      {"run", {"report", "lab", "load", "check", "core", "os", "spec", "record"}},
      {"cli", below_cli},
  };
  return table;
}

std::string first_folder(std::string_view path) { return std::string(path.substr(0, path.find('/'))); }

/// The part of the path after "harness/" or "faults/"; empty for files elsewhere.
std::string folder_in(const File& file, std::string_view top) {
  if (!file.in(top)) return "";
  const auto rest = std::string_view(file.path).substr(top.size());
  return rest.find('/') == std::string_view::npos ? "" : first_folder(rest);
}

bool names_a_kind(const File& file) {
  return file.text.find("\"" + folder_in(file, "faults/") + "." + file.stem() + "\"") != std::string::npos;
}

TEST(Includes, EveryHarnessFolderKeepsToTheTable) {
  for (const auto& file : tree()) {
    const auto folder = folder_in(file, "harness/");
    if (folder.empty() || folder == "include" || !file.is_cpp()) continue;
    const auto rule = allowed().find(folder);
    ASSERT_NE(rule, allowed().end()) << at(file, 1, "a folder without a rule; add it to the table in this test");
    for (const auto& include : includes(file.text)) {
      if (!include.quoted) continue;
      const auto used = first_folder(include.path);
      EXPECT_TRUE(used == folder || rule->second.contains(used))
          << at(file, include.line, fmt::format("{} may not include {}", folder, used));
    }
  }
}

TEST(Includes, OnlyMainSeesTheCatalogue) {
  for (const auto& file : tree()) {
    if (!file.in("harness/") || file.path == "harness/main.cpp" || !file.is_cpp()) continue;
    for (const auto& include : includes(file.text))
      EXPECT_NE(first_folder(include.path), "catalog") << at(file, include.line, "the catalogue comes in through main");
  }
}

TEST(Includes, AFaultUsesTheSeamAndNoOtherFault) {
  const Folders seam{"core", "os", "spec", "record", "lab"};
  std::set<std::string> kinds;
  for (const auto& file : tree())
    if (file.in("faults/") && names_a_kind(file)) kinds.insert(folder_in(file, "faults/") + "/" + file.stem() + ".hpp");
  for (const auto& file : tree()) {
    const auto domain = folder_in(file, "faults/");
    if (domain.empty() || domain == "catalog" || !file.is_cpp()) continue;
    for (const auto& include : includes(file.text)) {
      if (!include.quoted) continue;
      const auto used = first_folder(include.path);
      EXPECT_TRUE(used == domain || seam.contains(used))
          << at(file, include.line, fmt::format("a fault may not include {}", used));
      const bool own = include.path == domain + "/" + file.stem() + ".hpp";
      EXPECT_TRUE(own || !kinds.contains(include.path)) << at(file, include.line, "a fault never includes another");
    }
  }
}

TEST(Includes, TargetsUseNothingOfTheHarness) {
  for (const auto& file : tree()) {
    if (!file.in("targets/") || !file.is_cpp()) continue;
    for (const auto& include : includes(file.text)) {
      const auto used = first_folder(include.path);
      const bool ours = allowed().contains(used) || used == "catalog" || used == "process" || used == "network";
      EXPECT_FALSE(include.quoted && ours) << at(file, include.line, "a target includes nothing of the harness");
    }
  }
}

TEST(Includes, QuotedOnesNameAFolder) {
  for (const auto& file : tree()) {
    if (!file.is_cpp() || file.in("tests/")) continue;  // a test may include the helper beside it
    for (const auto& include : includes(file.text))
      if (include.quoted) {
        EXPECT_TRUE(include.path.find('/') != std::string::npos && !include.path.starts_with('.'))
            << at(file, include.line, "write \"folder/name.hpp\"");
      }
  }
}

TEST(Includes, HeavyHeadersStayOutOfOurHeaders) {
  for (const auto& file : tree()) {
    if (!file.is_header() || !(file.in("harness/") || file.in("faults/"))) continue;
    for (const auto& include : includes(file.text)) {
      const auto used = first_folder(include.path);
      const bool heavy = used == "toml++" || used == "boost" || used == "CLI" || used == "gtest" || used == "gmock" ||
                         used == "hiredis" || include.path == "nlohmann/json.hpp";
      EXPECT_FALSE(heavy) << at(file, include.line,
                                fmt::format("{} is slow to compile; keep it in the .cpp", include.path));
    }
  }
}

TEST(Includes, EveryHeaderIsGuarded) {
  for (const auto& file : tree())
    if (file.is_header() && !file.in("harness/include/")) {
      EXPECT_TRUE(file.text.starts_with("#pragma once\n")) << at(file, 1, "begin with #pragma once");
    }
}

}  // namespace
}  // namespace withstand::tidy
