#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "spec/schema/parts.hpp"
#include "spec/signals.hpp"

namespace withstand::spec::schema {
namespace {

std::string describe(const Parameter& parameter) {
  std::string out = parameter.summary;
  if (parameter.fallback) out += fmt::format(" Default: {}.", value_text(*parameter.fallback));
  const std::optional<Value> least = parameter.minimum;
  const std::optional<Value> most = parameter.maximum;
  if (least) out += fmt::format(" At least {}.", value_text(*least));
  if (most) out += fmt::format(" At most {}.", value_text(*most));
  return out;
}

Json numeric(const Parameter& parameter, Json out) {
  const auto bound = [&](const char* key, const std::optional<Value>& value) {
    if (!value) return;
    if (const auto* whole = std::get_if<std::int64_t>(&*value)) out[key] = *whole;
    if (const auto* real = std::get_if<double>(&*value)) out[key] = *real;
  };
  bound("minimum", parameter.minimum);
  bound("maximum", parameter.maximum);
  return out;
}

Json signal(const std::string& description) {
  std::string names;
  for (const std::string& name : signal_names()) names += (names.empty() ? "" : "|") + name;
  return any_of(
      {matching("^((SIG)?(" + names + ")|[1-9]|[1-5][0-9]|6[0-4])$", description), integer(1, 64, description)},
      description);
}

Json trigger() {
  const Json after = quantity(Quantity::duration, "How long after that.");
  return any_of(
      {table({{"fault", text("The other fault's name.")}, {"after", after}}, {"fault"}, "After another fault started."),
       table({{"log", text("Regular expression (RE2) on a line of stdout or stderr.")},
              {"on", text("Whose lines: a selector.")},
              {"after", after}},
             {"log"}, "After a line of a log."),
       table({{"role", text("A role of the target.")}, {"on", text("The kind that holds it.")}, {"after", after}},
             {"role"}, "After another node took over a role.")},
      "What the fault waits for, instead of `at`.");
}

Properties common(const KindSchema& kind) {
  Properties out;
  out.emplace_back("name", text("What the fault is called in reports and in `when`. Default: the kind and a digest."));
  Json kind_name = one_of_texts({kind.kind}, kind.summary);
  kind_name["x-taplo"]["docs"]["main"] = kind.summary;
  out.emplace_back("kind", std::move(kind_name));
  const std::string whom = "A selector: a node, a kind, KIND:ROLE, all, any, minority, majority.";
  if (kind.targeting != Targeting::links) out.emplace_back("on", text("Whom it hits. " + whom));
  if (kind.targeting != Targeting::nodes) {
    out.emplace_back("from", text("Where the link begins. " + whom));
    out.emplace_back("to", text("Where the link ends. " + whom));
  }
  out.emplace_back("at", quantity(Quantity::duration, "When it starts, from the start of `during`. Default: 0s."));
  if (kind.lasts)
    out.emplace_back("for", quantity(Quantity::duration, "How long it lasts. Default: to the end of `during`."));
  out.emplace_back("when", trigger());
  out.emplace_back("evidence", one_of_texts({"required", "optional"},
                                            "Whether a run in which this fault shows no effect is inconclusive."));
  return out;
}

Json fault(const KindSchema& kind) {
  Properties properties = common(kind);
  std::vector<std::string> required{"kind"};
  if (kind.targeting == Targeting::nodes) required.emplace_back("on");
  if (kind.targeting == Targeting::links) required.insert(required.end(), {"from", "to"});
  for (const Parameter& each : kind.parameters) {
    properties.emplace_back(each.name, parameter(each));
    if (each.required) required.push_back(each.name);
  }
  Json out = table(properties, required, kind.summary);
  out["title"] = kind.kind;
  return out;
}

}  // namespace

Json parameter(const Parameter& parameter) {
  const std::string words = describe(parameter);
  switch (parameter.type) {
    case ValueType::boolean:
      return boolean(words);
    case ValueType::integer: {
      Json out = numeric(parameter, number(words));
      out["type"] = "integer";
      return out;
    }
    case ValueType::number:
      return numeric(parameter, number(words));
    case ValueType::text:
    case ValueType::file:
      return text(words);
    case ValueType::choice:
      return one_of_texts(parameter.choices, words);
    case ValueType::signal:
      return signal(words);
    case ValueType::duration:
      return quantity(Quantity::duration, words);
    case ValueType::ratio:
      return quantity(Quantity::ratio, words);
    case ValueType::bytes:
      return quantity(Quantity::bytes, words);
    case ValueType::rate:
      return quantity(Quantity::rate, words);
    case ValueType::bandwidth:
      return quantity(Quantity::bandwidth, words);
    case ValueType::text_list:
      return texts(words);
    case ValueType::groups:
      return array_of(texts("One side: selectors."), words);
  }
  return {};
}

Json faults(const KindTable& kinds) {
  Json each;
  each["oneOf"] = Json::array();
  for (const std::string& kind : kinds.kinds()) each["oneOf"].push_back(fault(*kinds.find(kind)));
  return array_of(std::move(each), "What is injected, and when.");
}

}  // namespace withstand::spec::schema
