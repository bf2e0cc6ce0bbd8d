#include "report/json.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "samples.hpp"

namespace withstand::report {
namespace {

using nlohmann::json;

/// As much of JSON Schema as our schema uses: $ref, const, enum, type, properties, required, additionalProperties,
/// items.
class Schema {
 public:
  explicit Schema(json root) : root_(std::move(root)) {}
  [[nodiscard]] std::string problem(const json& value) const { return problem(value, root_, "$"); }

 private:
  static bool is(const json& value, const std::string& type) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "integer") return value.is_number_integer();
    if (type == "boolean") return value.is_boolean();
    return type == "null" && value.is_null();
  }
  static bool fits(const json& value, const json& type) {
    if (type.is_string()) return is(value, type);
    return std::any_of(type.begin(), type.end(), [&](const json& one) { return is(value, one); });
  }
  [[nodiscard]] std::string problem(const json& value, const json& schema, const std::string& at) const {
    if (schema.contains("$ref")) {
      return problem(value, root_.at(json::json_pointer(schema["$ref"].get<std::string>().substr(1))), at);
    }
    if (schema.contains("const") && value != schema["const"]) return at + " is not the constant";
    if (schema.contains("enum") &&
        std::find(schema["enum"].begin(), schema["enum"].end(), value) == schema["enum"].end()) {
      return at + " is none of the enum";
    }
    if (schema.contains("type") && !fits(value, schema["type"])) return at + " has another type";
    if (value.is_object()) return object_problem(value, schema, at);
    if (value.is_array() && schema.contains("items")) {
      for (const json& item : value) {
        if (auto found = problem(item, schema["items"], at + "[]"); !found.empty()) return found;
      }
    }
    return "";
  }
  [[nodiscard]] std::string object_problem(const json& value, const json& schema, const std::string& at) const {
    for (const json& key : schema.value("required", json::array())) {
      if (!value.contains(key.get<std::string>())) return at + " lacks " + key.get<std::string>();
    }
    const json properties = schema.value("properties", json::object());
    for (const auto& [key, item] : value.items()) {
      const std::string here = at + "." + key;
      if (properties.contains(key)) {
        if (auto found = problem(item, properties[key], here); !found.empty()) return found;
      } else if (schema.contains("additionalProperties")) {
        if (schema["additionalProperties"] == false) return here + " is not in the schema";
        if (auto found = problem(item, schema["additionalProperties"], here); !found.empty()) return found;
      }
    }
    return "";
  }

  json root_;
};

Schema schema() {
  std::ifstream in(WITHSTAND_SOURCE_DIR "/harness/report/report.schema.json");
  return Schema(json::parse(in));
}

std::vector<record::RunRecord> all_runs() {
  std::vector<record::RunRecord> runs;
  for (const auto& sample : samples::all()) runs.push_back(samples::run_of(sample));
  return runs;
}

TEST(Json, EveryReportKeepsToTheSchema) {
  const Schema rules = schema();
  for (const auto& run : all_runs()) EXPECT_EQ(rules.problem(json::parse(json_report({run}, 0))), "") << run.directory;
  EXPECT_EQ(rules.problem(json::parse(json_report(all_runs(), 6))), "");
  EXPECT_EQ(rules.problem(json::parse(json_report({}, 5))), "");
}

TEST(Json, TheSchemaIsNotToothless) {
  json report = json::parse(json_report({samples::run_of("failed")}, 1));
  const Schema rules = schema();
  json bent = report;
  bent["runs"][0]["seed"] = 42;
  EXPECT_EQ(rules.problem(bent), "$.runs[].seed has another type");
  bent = report;
  bent["runs"][0]["injections"][0]["evidence"][0]["of_next_year"] = 1;
  EXPECT_EQ(rules.problem(bent), "$.runs[].injections[].evidence[].of_next_year is not in the schema");
  bent = report;
  bent["runs"][0]["checks"][0].erase("summary");
  EXPECT_EQ(rules.problem(bent), "$.runs[].checks[] lacks summary");
}

TEST(Json, SeveralRunsAreOneObject) {
  const json report = json::parse(json_report(all_runs(), 6));
  EXPECT_EQ(report["v"], 1);
  EXPECT_EQ(report["exit_code"], 6);
  EXPECT_EQ(report["runs"].size(), samples::all().size());
  EXPECT_EQ(report["totals"]["runs"], samples::all().size());
  EXPECT_EQ(report["totals"]["failed"], 4);
  EXPECT_EQ(report["totals"]["as_expected"], 2);
  EXPECT_EQ(report["runs"][0]["name"], "process.kv-kill-one");
  EXPECT_EQ(report["runs"][1]["name"], "process.kv-kill-one#2");
}

TEST(Json, NumbersAreExact) {
  const json report = json::parse(json_report({samples::run_of("hostile")}, 1));
  EXPECT_EQ(report["runs"][0]["seed"], "18446744073709551615");
  EXPECT_EQ(report["runs"][0]["latencies"][0]["max_ns"], INT64_MAX / 2);
}

}  // namespace
}  // namespace withstand::report
