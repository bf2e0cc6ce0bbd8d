// Every experiment and target in the repository, and every example in a fault's documentation, against the real
// catalogue: the reader accepts them, and so does the JSON Schema that editors use.
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "../spec/schema_check.hpp"
#include "catalog/catalog.hpp"
#include "spec/reader.hpp"
#include "spec/vocabulary.hpp"

namespace withstand::faults {
namespace {

namespace fs = std::filesystem;

std::string contents(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

/// As the command line finds targets: by name in targets/, by path beside the experiment.
class RepositoryTargets : public spec::TargetSource {
 public:
  [[nodiscard]] Found find(std::string_view use, std::string_view from) const override {
    const fs::path path = use.starts_with("./") || use.starts_with("../")
                              ? fs::path(from).parent_path() / use
                              : fs::path(WITHSTAND_SOURCE_DIR) / "targets" / use / "target.toml";
    if (!fs::exists(path)) return {"", "", fmt::format("no target '{}'", use)};
    return {path.string(), contents(path), ""};
  }
};

std::vector<std::string> toml_files(const std::string& folder) {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(fmt::format("{}/{}", WITHSTAND_SOURCE_DIR, folder))) {
    if (entry.path().extension() == ".toml") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

/// Files that define a target: those that an experiment names by path stand among the experiments.
bool is_target(const std::string& file) { return contents(file).find("\n[target]") == std::string::npos; }

std::vector<std::string> shipped(bool targets) {
  std::vector<std::string> files;
  for (const char* folder : {"experiments", "targets"}) {
    for (const std::string& file : toml_files(folder)) {
      if (is_target(file) == targets) files.push_back(file);
    }
  }
  return files;
}

TEST(ShippedFiles, ExperimentsAreRead) {
  const core::Catalog kinds = catalog();
  const std::vector<std::string> files = shipped(false);
  if (files.empty()) GTEST_SKIP() << "no experiments yet";
  for (const std::string& file : files) {
    const auto reading = spec::read_experiment(contents(file), file, kinds, RepositoryTargets());
    EXPECT_TRUE(reading.ok()) << spec::render(reading.diagnostics, reading.sources);
  }
}

TEST(ShippedFiles, TargetsAreRead) {
  for (const std::string& file : shipped(true)) {
    const auto reading = spec::read_target(contents(file), file);
    EXPECT_TRUE(reading.ok()) << spec::render(reading.diagnostics, reading.sources);
  }
}

TEST(ShippedFiles, ValidateAgainstTheSchemas) {
  if (const std::string missing = spec::fixtures::no_validator(); !missing.empty()) GTEST_SKIP() << missing;
  const auto check = [](const std::string& schema, const std::vector<std::string>& files) {
    const auto results = spec::fixtures::validate(schema, files);
    EXPECT_EQ(results.size(), files.size()) << "the validator did not run to its end";
    for (const auto& [file, why] : results) EXPECT_EQ(why, "");
  };
  check(spec::experiment_schema(catalog()), shipped(false));
  check(spec::target_schema(), shipped(true));
}

// Editors read the committed file; WITHSTAND_APPROVE=1 writes it anew.
TEST(ShippedFiles, TheSchemaIsUpToDate) {
  const std::string file = fmt::format("{}/experiments/experiment.schema.json", WITHSTAND_SOURCE_DIR);
  const std::string schema = spec::experiment_schema(catalog());
  if (std::getenv("WITHSTAND_APPROVE") != nullptr) std::ofstream(file, std::ios::binary) << schema;
  EXPECT_EQ(contents(file), schema) << "run unit_faults with WITHSTAND_APPROVE=1 and read the difference";
}

TEST(Documentation, ExamplesAreRead) {
  const core::Catalog kinds = catalog();
  for (const std::string& kind : kinds.kinds()) {
    const std::string text = "[target]\ncommand = [\"x\"]\nnodes = 5\n\n" + kinds.fault(kind)->documentation().example;
    const auto reading = spec::read_experiment(text, kind, kinds, RepositoryTargets());
    EXPECT_TRUE(reading.ok()) << spec::render(reading.diagnostics, reading.sources);
    ASSERT_EQ(reading.value.faults.size(), 1U);
    EXPECT_EQ(reading.value.faults[0].kind, kind);
  }
}

TEST(Catalogue, ParametersTakeNoReservedName) {
  const std::vector<std::string>& reserved = spec::reserved_fault_keys();
  const core::Catalog kinds = catalog();
  for (const std::string& kind : kinds.kinds()) {
    for (const spec::Parameter& parameter : kinds.find(kind)->parameters) {
      EXPECT_EQ(std::count(reserved.begin(), reserved.end(), parameter.name), 0) << kind << " " << parameter.name;
      EXPECT_FALSE(parameter.summary.empty()) << kind << " " << parameter.name;
    }
  }
}

}  // namespace
}  // namespace withstand::faults
