#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "spec/experiment.hpp"
#include "spec/parameter.hpp"

namespace withstand::core {

/// A fault's parameter by name: nothing when the file does not say and the kind has no default. The parser has checked
/// the type.
template <class T>
std::optional<T> parameter(const spec::FaultSpec& fault, const std::string& name) {
  const auto it = fault.parameters.find(name);
  if (it == fault.parameters.end()) return std::nullopt;
  return std::get<T>(it->second);
}

template <class T>
T parameter_or(const spec::FaultSpec& fault, const std::string& name, T fallback) {
  return parameter<T>(fault, name).value_or(std::move(fallback));
}

/// A parameter as a kind's schema has it; what else it needs is set on what is returned.
inline spec::Parameter described(std::string name, spec::ValueType type, std::string summary) {
  spec::Parameter made;
  made.name = std::move(name);
  made.type = type;
  made.summary = std::move(summary);
  return made;
}

/// The schema of a kind that is aimed at nodes.
inline spec::KindSchema nodes_schema(std::string kind, std::string summary, std::vector<spec::Parameter> parameters) {
  spec::KindSchema schema;
  schema.kind = std::move(kind);
  schema.summary = std::move(summary);
  schema.targeting = spec::Targeting::nodes;
  schema.parameters = std::move(parameters);
  return schema;
}

/// For Parameter::default_matters: beside another parameter that is given.
inline std::function<bool(const spec::FaultSpec&)> beside(const std::string& name) {
  return [name](const spec::FaultSpec& fault) { return fault.given.contains(name); };
}

/// The same: where another parameter, a choice, is one of these.
inline std::function<bool(const spec::FaultSpec&)> where(const std::string& name, spec::TextList choices) {
  return [name, choices = std::move(choices)](const spec::FaultSpec& fault) {
    const auto chosen = parameter<std::string>(fault, name);
    return chosen && std::find(choices.begin(), choices.end(), *chosen) != choices.end();
  };
}

/// The same: where the default is that nothing is done.
inline bool nowhere(const spec::FaultSpec& /*fault*/) { return false; }

}  // namespace withstand::core
