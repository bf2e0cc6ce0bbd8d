#include <filesystem>
#include <set>

#include <nlohmann/json.hpp>

#include "fixtures.hpp"
#include "schema_check.hpp"

namespace withstand::spec {
namespace {

namespace fs = std::filesystem;
using fixtures::contents;

std::string folder() { return fmt::format("{}/tests/golden/spec", WITHSTAND_SOURCE_DIR); }

TEST(Schema, IsStable) {
  EXPECT_EQ(experiment_schema(fixtures::Kinds()), experiment_schema(fixtures::Kinds()));
  EXPECT_TRUE(experiment_schema(fixtures::Kinds()).ends_with("}\n"));
}

TEST(Schema, DescribesEveryKindAndParameter) {
  const auto schema = nlohmann::json::parse(experiment_schema(fixtures::Kinds()));
  EXPECT_EQ(schema["$schema"], "http://json-schema.org/draft-04/schema#");
  const auto& faults = schema["properties"]["fault"]["items"]["oneOf"];
  ASSERT_EQ(faults.size(), fixtures::Kinds().kinds().size());
  const auto& latency = faults[0];
  EXPECT_EQ(latency["title"], "network.latency");
  EXPECT_EQ(latency["properties"]["delay"]["description"], "Added to every packet, one way. At most 1m.");
  EXPECT_EQ(latency["properties"]["distribution"]["enum"], (std::vector<std::string>{"normal", "uniform"}));
  EXPECT_EQ(latency["required"], (std::vector<std::string>{"kind", "from", "to", "delay"}));
  EXPECT_FALSE(latency["properties"].contains("on"));
  EXPECT_FALSE(faults[3]["properties"].contains("for")) << "process.kill is an instant";
  EXPECT_TRUE(schema["properties"]["expect"]["x-taplo"]["docs"]["main"].get<std::string>().find("p99") !=
              std::string::npos);
}

/// Every key below `properties`, at any depth, but the faults' own parameters.
void collect_keys(const nlohmann::json& schema, std::set<std::string>& keys) {
  if (schema.is_array()) {
    for (const auto& element : schema) collect_keys(element, keys);
  }
  if (!schema.is_object()) return;
  for (const auto& [key, value] : schema.items()) {
    if (key == "properties") {
      for (const auto& [name, property] : value.items()) keys.insert(name);
    }
    collect_keys(value, keys);
  }
}

void expect_documented(const std::string& schema, const std::string& page) {
  std::set<std::string> keys;
  collect_keys(nlohmann::json::parse(schema), keys);
  const std::string text = contents(fmt::format("{}/{}", WITHSTAND_SOURCE_DIR, page));
  for (const std::string& key : keys) {
    const bool named = text.find("`" + key + "`") != std::string::npos || text.find("[" + key) != std::string::npos;
    EXPECT_TRUE(named) << page << " does not know " << key;
  }
}

/// A catalogue without kinds: what is left are the keys of the file itself.
class NoKinds : public KindTable {
 public:
  [[nodiscard]] const KindSchema* find(std::string_view) const override { return nullptr; }
  [[nodiscard]] std::vector<std::string> kinds() const override { return {}; }
  [[nodiscard]] std::vector<Objection> objections(const FaultSpec&) const override { return {}; }
};

TEST(Documentation, HasEveryKey) {
  expect_documented(target_schema(), "targets/FORMAT.md");
  auto schema = nlohmann::json::parse(experiment_schema(NoKinds()));
  schema["properties"]["target"]["anyOf"].erase(2);  // an inline target: targets/FORMAT.md
  expect_documented(schema.dump(), "experiments/FORMAT.md");
}

/// Mistakes that only the reader can find: a schema knows neither nodes nor numbers nor other tables.
const std::set<std::string> beyond_a_schema{

    "beyond-during",
    "check-without-its-workload",
    "check-without-load",
    "duplicate-fault",
    "duplicate-fault-unnamed",
    "duplicate-probe",
    "fails-before",
    "fails-missing",
    "late-after-another",
    "fails-unknown",
    "fails-without-verdict",
    "limits-all",
    "limits-duration",
    "limits-overlap",
    "load-command",
    "load-command-words",
    "load-driver",
    "load-exec",
    "load-mix",
    "nodes-of-many-kinds",
    "objection",
    "probe-keys",
    "roles-elsewhere",
    "stop-metrics",
    "target-file",
    "target-files",
    "target-lists",
    "target-neither",
    "target-order",
    "target-role-self",
    "target-roles",
    "target-templates",

    "threshold-names",
    "threshold-without-load",
    "unit-too-fine",
    "unknown-kind-of-node",
    "unknown-node",
    "unknown-node-by-count",

    "unknown-role",
    "when-and-at",
    "when-bad-pattern",
    "when-cycle",
    "when-unknown-fault"};

TEST(Schema, RefusesWhatTheReaderRefusesAsFarAsASchemaCan) {
  if (const std::string missing = fixtures::no_validator(); !missing.empty()) GTEST_SKIP() << missing;
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder())) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".toml" || name.starts_with("syntax-")) continue;  // no document at all
    files.push_back(entry.path().string());
  }
  const auto results = fixtures::validate(experiment_schema(fixtures::Kinds()), files);
  ASSERT_EQ(results.size(), files.size()) << "the validator did not run to its end";
  for (const auto& [file, why] : results) {
    const bool beyond = beyond_a_schema.contains(fs::path(file).stem().string());
    EXPECT_EQ(why.empty(), beyond) << file << ": " << (why.empty() ? "the schema accepts it" : why);
  }
}

TEST(Schema, AcceptsWhatTheReaderAccepts) {
  if (const std::string missing = fixtures::no_validator(); !missing.empty()) GTEST_SKIP() << missing;
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(folder() + "/valid")) files.push_back(entry.path().string());
  ASSERT_FALSE(files.empty());
  for (const std::string& file : files) {
    EXPECT_EQ(fixtures::complaints(contents(file)), "") << file;
  }
  for (const auto& [file, why] : fixtures::validate(experiment_schema(fixtures::Kinds()), files)) EXPECT_EQ(why, "");
}

TEST(Schema, OfTargetsAcceptsTargets) {
  if (const std::string missing = fixtures::no_validator(); !missing.empty()) GTEST_SKIP() << missing;
  const std::string targets = folder() + "/targets/";
  const auto results = fixtures::validate(
      target_schema(), {targets + "kv.toml", targets + "redis-sentinel.toml", targets + "broken.toml"});
  EXPECT_EQ(results.at(targets + "kv.toml"), "");
  EXPECT_EQ(results.at(targets + "redis-sentinel.toml"), "");
  EXPECT_NE(results.at(targets + "broken.toml"), "");
}

}  // namespace
}  // namespace withstand::spec
