// Every tests/golden/spec/*.toml is an experiment with a mistake; the .expected file beside it holds what a user is
// shown, verbatim. WITHSTAND_APPROVE=1 writes the .expected files anew: read the difference before it is committed.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "fixtures.hpp"

namespace withstand::spec {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> mistakes() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(fmt::format("{}/tests/golden/spec", WITHSTAND_SOURCE_DIR))) {
    if (entry.path().extension() == ".toml") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, IsShownAsExpected) {
  const std::string base = fmt::format("{}/tests/golden/spec/{}", WITHSTAND_SOURCE_DIR, GetParam());
  const std::string text = fixtures::contents(base + ".toml");
  const auto reading = read_experiment(text, GetParam() + ".toml", fixtures::Kinds(), fixtures::Targets());
  const std::string shown = render(reading.diagnostics, reading.sources);
  EXPECT_NE(shown, "") << "nothing is wrong with " << base << ".toml";
  if (std::getenv("WITHSTAND_APPROVE") != nullptr) std::ofstream(base + ".expected", std::ios::binary) << shown;
  EXPECT_EQ(shown, fixtures::contents(base + ".expected"));
}

std::string test_name(const testing::TestParamInfo<std::string>& golden) {
  std::string name = golden.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Mistakes, Golden, testing::ValuesIn(mistakes()), test_name);

}  // namespace
}  // namespace withstand::spec
