#include "spec/schema/parts.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace withstand::spec::schema {
namespace {

constexpr const char* decimal = "[0-9]+(\\.[0-9]+)?";

std::string alternatives(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : "|") + name;
  return "(" + out + ")";
}

Json described(const char* type, const std::string& description) {
  Json out;
  out["type"] = type;
  out["description"] = description;
  return out;
}

/// Without anchors, to stand inside a larger expression.
std::string bare_quantity(Quantity quantity) {
  const std::string one = decimal + alternatives(unit_names(quantity));
  return quantity == Quantity::duration ? "(" + one + ")+" : one;
}

std::string bare_measure(Measure measure) {
  switch (measure) {
    case Measure::duration:
      return bare_quantity(Quantity::duration);
    case Measure::ratio:
      return bare_quantity(Quantity::ratio);
    case Measure::rate:
      return bare_quantity(Quantity::rate);
    case Measure::count:
      return "[0-9]+";
  }
  return {};
}

std::string metric_pattern(const MetricInfo& metric) {
  if (metric.name == "pNN") return "p[0-9]{1,2}(\\.[0-9]{1,4})?";
  if (metric.name == "probe.NAME") return "probe\\.[A-Za-z0-9][A-Za-z0-9_.-]*";
  return std::string(metric.name);
}

/// One alternative per unit, so that a metric only goes with its own. `relative`: or so many times an earlier phase's.
std::string bare_threshold(bool relative) {
  std::string out;
  for (const Measure measure : {Measure::duration, Measure::ratio, Measure::rate, Measure::count}) {
    std::vector<std::string> names;
    for (const MetricInfo& metric : metrics()) {
      if (metric.measure == measure) names.push_back(metric_pattern(metric));
    }
    out += fmt::format("{}{}\\s*(\\{{[^}}]*\\}}\\s*)?(<=?|>=?|==|!=)\\s*({}{})", out.empty() ? "" : "|",
                       alternatives(names), bare_measure(measure),
                       relative ? "|([0-9]+(\\.[0-9]+)?\\s*\\*\\s*)?(before|during)" : "");
  }
  return "(" + out + ")";
}

}  // namespace

Json text(const std::string& description) { return described("string", description); }

Json matching(const std::string& pattern, const std::string& description) {
  Json out = text(description);
  out["pattern"] = pattern;
  return out;
}

Json one_of_texts(const std::vector<std::string>& choices, const std::string& description) {
  Json out;
  out["enum"] = choices;
  out["description"] = description;
  return out;
}

Json integer(std::int64_t minimum, std::int64_t maximum, const std::string& description) {
  Json out = described("integer", description);
  out["minimum"] = minimum;
  out["maximum"] = maximum;
  return out;
}

Json boolean(const std::string& description) { return described("boolean", description); }
Json number(const std::string& description) { return described("number", description); }

Json texts(const std::string& description) {
  Json out = described("array", description);
  out["items"]["type"] = "string";
  return out;
}

Json texts_matching(const std::string& pattern, const std::string& description) {
  Json out = texts(description);
  out["items"]["pattern"] = pattern;
  return out;
}

Json quantity(Quantity quantity, const std::string& description) {
  return matching(quantity_pattern(quantity), description);
}

Json array_of(Json element, const std::string& description) {
  Json out = described("array", description);
  out["items"] = std::move(element);
  return out;
}

Json any_of(std::vector<Json> choices, const std::string& description) {
  Json out;
  out["description"] = description;
  out["anyOf"] = std::move(choices);
  return out;
}

Json table(const Properties& properties, const std::vector<std::string>& required, const std::string& description) {
  Json out = described("object", description);
  Json& keys = out["properties"] = Json::object();
  for (const auto& [key, value] : properties) keys[key] = value;
  if (!required.empty()) out["required"] = required;  // draft-04 forbids an empty list
  out["additionalProperties"] = false;
  return out;
}

Json table_of(Json value, const std::string& description) {
  Json out = described("object", description);
  out["additionalProperties"] = std::move(value);
  return out;
}

std::string quantity_pattern(Quantity quantity) {
  return (quantity == Quantity::duration ? "^-?" : "^") + bare_quantity(quantity) + "$";
}

std::string threshold_pattern() { return "^\\s*" + bare_threshold(true) + "\\s*$"; }

std::string stop_pattern() {
  return "^\\s*" + bare_threshold(false) + "\\s+for\\s+" + bare_quantity(Quantity::duration) + "\\s*$";
}

std::string dump(const Json& schema) { return schema.dump(2) + "\n"; }

}  // namespace withstand::spec::schema
