#include <algorithm>
#include <regex>
#include <set>

#include "tidy/tree.hpp"

namespace withstand::tidy {
namespace {

bool is_experiment(const File& file) { return file.in("experiments/") && file.path.ends_with(".toml"); }

const File* find(std::string_view path) {
  const auto found = std::find_if(tree().begin(), tree().end(), [&](const File& file) { return file.path == path; });
  return found == tree().end() ? nullptr : &*found;
}

/// Every kind the faults' schemas name.
std::set<std::string> kinds() {
  static const std::regex pattern("(?:kind = |(?:link|nodes|disk)_schema\\()\"([a-z_]+\\.[a-z_-]+)\"");
  std::set<std::string> found;
  for (const auto& file : tree()) {
    if (!file.in("faults/") || !file.path.ends_with(".cpp")) continue;
    for (auto match = std::sregex_iterator(file.text.begin(), file.text.end(), pattern);
         match != std::sregex_iterator(); ++match)
      found.insert((*match)[1]);
  }
  return found;
}

/// The first line that is neither empty nor an editor's schema line.
std::string opening(const std::string& text) {
  for (std::size_t start = 0; start < text.size();) {
    const auto end = std::min(text.find('\n', start), text.size());
    auto line = text.substr(start, end - start);
    if (!line.empty() && !line.starts_with("#:")) return line;
    start = end + 1;
  }
  return "";
}

TEST(Experiments, OpenBySayingWhatTheyProve) {
  for (const auto& file : tree())
    if (is_experiment(file)) {
      EXPECT_TRUE(opening(file.text).starts_with("# ")) << at(file, 1, "open with a comment");
    }
}

TEST(Experiments, AreNamedInSomeReadmeOrTest) {
  std::string mentions;
  for (const auto& file : tree())
    if (file.path.ends_with(".md") || file.in("tests/") || file.in(".ci/")) mentions += file.text;
  for (const auto& file : tree())
    if (is_experiment(file)) {
      EXPECT_NE(mentions.find(file.stem()), std::string::npos)
          << at(file, 1, "nobody will find it: name it in a README");
    }
}

TEST(Faults, EveryKindIsInTheReadmeAndInAnExperiment) {
  const auto* const readme = find("faults/README.md");
  for (const auto& kind : kinds()) {
    EXPECT_TRUE(readme != nullptr && readme->text.find("`" + kind + "`") != std::string::npos)
        << kind << " is not described in faults/README.md";
    const auto shown = std::any_of(tree().begin(), tree().end(), [&](const File& file) {
      return is_experiment(file) && file.text.find("\"" + kind + "\"") != std::string::npos;
    });
    EXPECT_TRUE(shown) << "no experiment shows " << kind;
  }
}

TEST(Folders, HaveAReadme) {
  std::set<std::string> folders;
  for (const auto& file : tree()) {
    for (const std::string_view top : {"targets/", "experiments/"})
      if (file.in(top) && file.path.find('/', top.size()) != std::string::npos && top == "targets/")
        folders.insert(file.path.substr(0, file.path.find('/', top.size())));
    for (const std::string_view top : {"harness", "faults", "experiments", "tests", "targets"})
      if (file.in(std::string(top) + "/")) folders.insert(std::string(top));
  }
  for (const auto& folder : folders) EXPECT_NE(find(folder + "/README.md"), nullptr) << folder << " has no README.md";
}

}  // namespace
}  // namespace withstand::tidy
